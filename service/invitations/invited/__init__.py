"""The side that is invited: it previews, accepts or rejects, and from then on only dials out.

`preview.py` asks what the code is (I3), `acceptance.py` stores the yes (I4) as the rows of `received.py`,
`claiming.py` claims, waits for the confirmation and activates (I5, I8, I9), `outcome.py` copies what the inviter
decided, `rejection.py` says no.
"""
