"""The invitation itself, on either side: its life, its row, its code.

`states.py` is the table, `models.py` the row, `codes.py` the signed code, `reasons.py` each reason why one is of no
use; `operations.py` makes, finds and lists them, `schemas.py` is the wire.
"""
