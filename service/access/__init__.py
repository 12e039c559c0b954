"""Who is calling, and what they may do: service tokens and the sign-in sessions of people.

Begin with `principals.py`: a request's caller, what they may see, and which instance they mean. Behind it stand the
tables (`models.py`), the words for rights (`scopes.py`), tokens (`operations.py`, hashed with the key of
`hash_key.py`) and people (`sign_in.py`, with `cookies.py` and `form_tokens.py` for browsers, and `trips.py` for the
platform's own sign-in page). Guessing is limited by
`guesses.py` and, for passwords, `wrong_sign_ins.py`; `room.py` keeps tables small that strangers can fill.
`schemas.py` is the wire.
"""
