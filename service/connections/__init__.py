"""A connection is an agreement between two sides: what it is, how it is set up step by step, and what it shows.

Begin with `states.py` (its life) and `setup.py` (THE order of steps), both pure, and `upkeep.py` (what may be done
once it runs). `models.py` is the row, `names.py` how it is called. `answering.py` takes one answer of the wizard,
with `destinations.py` for "where is the other side?" and `operations.py`, which also finds a connection that the
caller may see, for the rest; `refusals.py` turns a rule's no into a problem with the way out. What readers see:
`view.py`, `schemas.py`, `listing.py`, and `actions/` for what comes next. `desk.py` is who asks, and with which
scope. What it waits for is in `pending.py`; `peers.py` and `telling.py` are how it speaks to the other side. Its
stories are told elsewhere: `verification/`, `invitations/`, `lifecycle/`.
"""
