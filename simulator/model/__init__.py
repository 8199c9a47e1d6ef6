"""A local AI that speaks Ollama's HTTP protocol and really looks at the pictures it is sent.

>>> async with Model() as model:
...     model.fault = ModelFault.error(500, calls=2)
...     await model.wait_for(lambda: len(model.calls) == 3)
...     model.calls[-1].images[0].colours
('red',)
"""

from .faults import Failure, ModelFault
from .server import Call, Model

__all__ = ["Call", "Failure", "Model", "ModelFault"]
