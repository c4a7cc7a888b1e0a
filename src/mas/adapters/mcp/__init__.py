"""Tools of MCP servers: which are configured, how they are started, reached, restarted and ended.

Lives here: reading `mcp.json`, one session a server, names and risks of their tools. Does not live
here: whether a call may be made, checking of arguments, cutting and keeping of outputs (the
toolbox does that for every tool alike). Called by wiring, which hands `McpFamily` to the toolbox.
`sessions` and `config` load nothing heavy; the MCP library is imported when a server is started.
"""
