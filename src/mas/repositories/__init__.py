"""Git repositories: what the person named, the run's own repository, seats, salvage, diffs, merging (F1, F2, F3).

Knows git and nothing of runs, models or engines. Called by the team `fanout` and the use cases.
"""
