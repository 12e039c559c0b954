"""The server's edge: what surrounds every request before and after its operation.

From the outside in: `server.py` (patience with slow clients), `metrics.py`, `context.py` (id, headers, log context),
`cors.py` (pages of other origins), `busy_limit.py`, `rate_limits.py`, `body_limit.py`, `queries.py` (what a query may
hold). `acting.py` knows who is behind a request, `problem_handlers.py` turns each error into an answer, `logs.py`
writes lines without secrets.
"""
