"""The JSON documents in which a console describes itself.

They hold every key that uiprotect 23.0.1 requires; 25.0.0 requires fewer of them.
"""

from .cameras import camera, public_camera
from .consoles import ADMIN_ID, bootstrap, nvr, public_nvr, user

__all__ = [
    "ADMIN_ID",
    "bootstrap",
    "camera",
    "nvr",
    "public_camera",
    "public_nvr",
    "user",
]
