"""Git repositories: sources, a run's own repository, seats, salvage, diffs, merging (F1-F3).

Knows git, and nothing of runs, models or engines. Called by the team `fanout` and its use cases.
"""
