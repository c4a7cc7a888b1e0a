"""Where runs are kept: SQL schema, statements by aggregate, and the SQLite store.

Lives here: tables, migrations, statements (`runs`, `tasks`, `records`, `events`, `workers`), the
thread that owns the database file, waking of those who wait, translation of database errors.
Does not live here: which statements make one step of a run; those transactions are the engine's.
Called by `engine`, opened by the wiring in `app`. Importing it costs the import of SQLAlchemy.
"""
