"""MAS: a multi-agent system for DevOps and platform engineers."""

__version__ = "0.1.0"
