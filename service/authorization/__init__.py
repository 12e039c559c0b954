"""What other nodes may ask of us: an OAuth 2 server for admins who sign in here, by the FAPI 2.0 profile.

`router.py` lists every endpoint, described by `schemas.py`. `issuers.py` says which of our issuers is asked,
`shares.py` how often. A set-up passes `clients/` (who asks), `requests/` (what an admin shall decide, and the
decision), `tokens/` (what the decision is exchanged for) and `records.py` (activation, status, end; `agreements.py`
finds what is known of one connection with one client), and then `messages.py`. A claimed invitation comes in by
`registration/`, a changed node URL by `moves.py`. `sweeping.py` removes what is of no use any more.
"""
