"""A job is what must go on without a request: stored with the change that caused it, done until it is done.

`operations.py` stores one, `worker.py` does them, `leases.py` keeps two workers apart, `listening.py` hears of what
other processes store, `models.py` is the row. A
handler reads what is stored, makes one call without a transaction, and stores its result, so that a crash anywhere
leaves a job that does the same again. The handlers stand with their stories and are listed in `main.py`.
"""
