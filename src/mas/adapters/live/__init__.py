"""Live output: text of running tasks for whoever follows just now, beside the durable events."""
