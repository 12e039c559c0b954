"""Admin access on the other side is proved in the browser, told for both roles.

`session/` is one attempt as it is stored, `attempts.py` moves it together with its connection. `initiator/` tells P1
to P4 and P6 to P9; the asked side decides in `authorization/requests/deciding.py` (P5) and lists the connection by
`responder.py`. `renewal.py` verifies an active connection anew.
"""
