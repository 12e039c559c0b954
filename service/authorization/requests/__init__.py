"""An authorization request is what another node's admin shall be asked here: pushed, decided, and over in minutes.

`states.py` is the table, `models.py` the row. `pushing.py` takes it in (P4), `places.py` says how many may wait,
`deciding.py` is the admin's decision (P5), which makes the code that is good for 60 seconds, `timers.py` ends what
nobody carried on.
"""
