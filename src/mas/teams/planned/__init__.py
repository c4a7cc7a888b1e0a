"""Teams whose plan a model makes out of roles: the orchestrator plans, agents work, it reviews.

Lives here: planning with the rules of `core.plan` as judge, the review, the report. Does not live
here: how an agent works on its task (`agents`), what a tool may do (`agents.gate`).
"""
