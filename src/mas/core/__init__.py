"""Plain data and pure rules that every other package speaks in.

Lives here: runs, plans, tasks, stage records, events, evidence, decisions, tool descriptions,
errors and ports. Does not live here: files, sockets, clocks, databases, frameworks.
Called by everybody; imports nobody.
"""
