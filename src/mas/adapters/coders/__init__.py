"""Coding agents that run as processes, each behind the port `core.coding.Coder` (A7)."""
