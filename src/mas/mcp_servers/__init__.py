"""MCP servers that MAS offers itself; `mas mcp serve NAME` runs one (U4).

`mas`: the door through which an agent in an editor asks MAS.
"""
