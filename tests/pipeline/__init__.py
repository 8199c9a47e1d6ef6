"""From a Detection to a Sighting, without Home Assistant and without a console."""
