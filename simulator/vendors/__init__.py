"""The large vendors' models on loopback: they look at what they are sent, and keep all of it.

>>> async with OpenAI() as model:
...     model.fault = ModelFault.error(429, calls=1)
...     await model.wait_for(lambda: model.call_count == 2)
...     (picture,) = model.calls[-1].attachments
...     picture.mime_type, picture.readings[0].colours
('image/jpeg', ('red',))

``requests`` holds every request as it came, so that a test can say what did not leave the house.
"""

from simulator.model import ModelFault

from .anthropic import Anthropic
from .calls import Attachment, Request, VendorCall
from .google import Google
from .google_files import Processing
from .openai import OpenAI
from .server import VendorServer

__all__ = [
    "Anthropic",
    "Attachment",
    "Google",
    "ModelFault",
    "OpenAI",
    "Processing",
    "Request",
    "VendorCall",
    "VendorServer",
]
