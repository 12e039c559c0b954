"""A verification session is one attempt to prove admin access on the destination.

`states.py` is its life, `models.py` the row, `operations.py` what is done with it alone, `schemas.py` the wire.
"""
