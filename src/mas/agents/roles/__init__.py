"""What agents are: one Markdown file a role, and the loader of such files (A1).

Lives here: the built-in roles (`*.md`), their reader, the table from other products' tool names to
ours. Does not live here: what a role's code does. Called by the wiring in `app`.
"""
