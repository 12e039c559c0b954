"""Admin access on the other side is proved in the browser, told for both roles.

`session/` is one attempt as it is stored, `attempts.py` moves it together with its connection. `initiator/` reads the
other node, sends the request, redeems the code and activates (P1 to P9); the asked side decides in
`authorization/requests/deciding.py` (P5) and lists the connection by `responder.py`. `renewal.py` verifies an active
connection anew. An attempt that nobody finishes is ended by `connections/pending.py`, which gives the draft back.
"""
