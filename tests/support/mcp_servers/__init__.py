"""Real MCP servers for tests, each a script that speaks over its standard input and output."""
