"""The whole way: a real Home Assistant, the unmodified client, a console over TLS."""
