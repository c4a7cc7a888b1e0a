"""The three agents of a decision, each a mind for the loop of five stages.

`mind` holds what they share, `planner`, `researcher` and `decider` one agent each. What they know
of the field stands in the modules around this package; `mas.teams.decide.minds` are their doors.
"""
