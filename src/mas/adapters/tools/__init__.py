"""The tools that come with MAS, and the one box in which they and those of MCP servers are called.

Lives here: files, commands, git and cluster reading as tools; checking of arguments, masking,
cutting and keeping of outputs. Does not live here: whether a call may be made (`core.policy`, asked
by `agents.gate`), and sessions of MCP servers. Called by wiring, which hands a `Toolbox` to agents.
"""
