"""Custom integrations; a package, so that the tests import ours and no other."""
