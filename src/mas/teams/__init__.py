"""Teams: how a kind of request becomes a plan, and results become an answer.

Lives here: routing, and per team its planning, its own rules and its reporting. Does not live
here: how a run survives (`engine`), how an agent works on a task (`agents`), I/O (`adapters`).
Called by the engine through `core.ports.Team`, which `app.wiring` fills.
"""
