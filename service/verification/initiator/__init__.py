"""The side that asks: from reading the other node to the active connection.

`beginning.py` reads the other node (P1, P2), `pushing.py` sends the request (P3, P4); the browser comes back to
`pages/verification/callback.py` (P6); `completing.py` finishes (P7 to P9), `watching.py` looks after a browser that
does not come back.
"""
