"""The HTTP face: parses requests, calls the service, renders answers (F6, U3)."""
