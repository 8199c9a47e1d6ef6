"""The world around the integration, over the real protocols, for the demo and the tests."""
