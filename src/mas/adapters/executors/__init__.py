"""Places in which a command can run, each behind the port `core.executors.Executor` (S1, S2).

Lives here: starting, limiting and ending of processes. Does not live here: which command may run
(`core.commands`, `core.policy`). Called by the tools that run commands.
"""
