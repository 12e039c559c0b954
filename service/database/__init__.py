"""The database is SQLite or PostgreSQL behind one door: connected to, committed and read in one way.

`sessions.py` is where everything is committed; `rows.py` finds, locks and advances rows; `columns.py` are the types.
`engine.py` connects, with `fair_pool.py` for crowds, `silence.py` and `trouble.py` for bad days. `migrations.py`
brings it to the newest revision, `single_process.py` keeps a SQLite file with its one owner, `pagination.py` reads
long lists.
"""
