"""Where runs are kept: SQL schema, statements by aggregate, the stores on SQLite and PostgreSQL.

Lives here: tables, migrations, statements (`runs`, `tasks`, `records`, `events`, `approvals`, ...),
the threads that own the connections, waking of those who wait, translation of database errors.
Does not live here: which statements make one step of a run; those transactions are the engine's.
Called by `engine`, opened by the wiring in `app`. Importing it costs the import of SQLAlchemy.
"""
