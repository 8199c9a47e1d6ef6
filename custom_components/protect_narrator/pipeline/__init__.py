"""From a Detection to a Sighting: pure Python, no Home Assistant and no uiprotect."""
