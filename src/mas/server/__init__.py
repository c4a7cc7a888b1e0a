"""`mas serve`: one process with API, page, MCP door and an embedded worker (U3).

Brings the faces over HTTP together and listens; nothing is decided here.
"""
