"""The instances of this node, as the REST API shows them.

`fronted.py` adds, shows, changes and tests them, `keys.py` is what each signs with, and `moves.py` says whether one
at a new address has moved or is a copy.
"""
