"""Checks of agents' work: which there are, running them, reading what their runners report (F5).

Whose work is better, and why, is decided in `mas.teams.fanout.ranking`.
"""
