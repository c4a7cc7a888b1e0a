"""How one agent works on one task: the loop of five stages.

Lives here: the loop, and what every role shares. Does not live here: what a team's roles know
(`teams`), and how a task survives (`engine`). Called by the doers of the teams.
"""
