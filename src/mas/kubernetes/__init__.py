"""What a cluster holds and what fits into it: digest, inventory, capacity, demand.

Lives here: pure knowledge of Kubernetes objects and scheduling. Does not live here: network access
(`adapters.clusters`), knowledge of tools (`catalog`), and judgement (`teams.decide`).
Called by the decide team and by `mas cluster`.
"""
