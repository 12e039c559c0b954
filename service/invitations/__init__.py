"""An invitation is a single-use, expiring, revocable code that lets one partner join a connection.

`invitation/` is the thing itself, as both nodes keep it; `inviter/` is the side that issues it, `invited/` the side
that accepts. However one ends, `connections/pending.py` gives the draft back.
"""
