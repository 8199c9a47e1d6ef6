"""Measures what the project promises, as ratios and bounds within one run."""

import logging

# Home Assistant's camera component tries libturbojpeg when it is imported and says with a
# traceback that it is not there. Nothing here uses it.
logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)
