"""Broken on purpose: mutated clips, pictures, answers and event documents, thousands of each."""

import logging

# Home Assistant's camera component tries libturbojpeg when it is imported and says with a
# traceback that it is not there. Nothing here uses it.
logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)
