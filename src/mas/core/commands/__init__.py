"""What a command would do, judged by its argument list alone (R7). Pure tables and parsing.

Lives here: one small file for each family of programs. Does not live here: running anything, and
what the person's policy says about it. Whatever is not known to be harmless counts as a write.
"""

from mas.core.commands.classify import classify

__all__ = ["classify"]
