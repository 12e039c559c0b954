"""A job is what must go on without a request: stored with the change that caused it, done until it is done.

`operations.py` stores one, `worker.py` does them, `leases.py` keeps two workers apart, `models.py` is the row. The
handlers stand with their stories and are listed in `main.py`.
"""
