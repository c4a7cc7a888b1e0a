"""What MAS knows about tools: one YAML file a tool, their loader and schema check.

Lives here: facts with their sources. Does not live here: what a cluster holds, and judgement.
Called by the decide team and by `mas catalog`.
"""
