"""One prompt, many coding agents: planning, working, checking, ranking, answering (F1-F5)."""
