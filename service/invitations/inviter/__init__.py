"""The side that invites: it issues, hears who claims, and decides.

`issuing.py` makes the code (I1), `secret_holders.py` lets in who has its secret, `claims.py` is what the partner's
node asks of us: how it stands, to claim, to reject, to activate (I3, I5, I8, I9), `confirmation.py` is the admin's
decision: confirm, reject or revoke, and the invited side's withdrawal (I7).
"""
