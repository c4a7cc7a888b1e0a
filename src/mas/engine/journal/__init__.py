"""The transactions of a run: each one a plain function of a connection.

Lives here: what belongs together in one transaction, and the event that tells of it. Does not
live here: single statements (`adapters.stores`), and anything that waits. Called by the engine
through `Store.run`. Where a transaction changes a task, it takes the lock of the run's row first.
"""
