"""The database is SQLite or PostgreSQL behind one door: connected to, committed and read in one way.

`sessions.py` is where everything is committed; `rows.py` finds, locks and advances rows; `columns.py` are the types.
`engine.py` opens it: `inline_sqlite.py` on the event loop, `connecting.py` over the network; `fair_pool.py` is for
crowds, `trouble.py` for bad days.
`migrations.py` brings it to the newest of `revisions.py` (`commands/operations.py` refuses to start at another one,
`/readyz` reports it), `single_process.py` keeps a SQLite file with its one owner, `pagination.py` reads long lists,
`changes.py` wakes who waits for a row, `alarm.py` the worker.
"""
