"""Real database servers, so that what the recorder stores is read back from each kind."""
