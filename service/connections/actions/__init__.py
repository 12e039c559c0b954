"""An action is what a client may perform or wait for next, with everything it needs to do so; all of it is pure.

`next.py` begins: it returns all that is possible now. `shape.py` is what an action is made of, and which operations
are named; `access.py` is verifying and inviting, `running.py` what an active connection offers.
"""
