"""One file or folder per outside technology, behind ports or plain calls.

Lives here: reading clusters, storing runs, asking models, calling tools and MCP servers, running
commands, live text, the system's clock. Does not live here: rules about
runs, tasks or verdicts. Called by `engine` and by the wiring in `app`; third-party exceptions are
turned into the error tree of `core` here and go no further.
"""
