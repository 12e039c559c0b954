"""The lifecycle of a connection on which both sides have agreed: it runs, is looked after, moves and ends.

`activation.py` is its begin, pause and resume; `status.py` what each side says of itself; `probing.py` asks and tells
the other side (P11), `checking.py` names what stands in the way, `other_side.py` keeps its keys and identity.
`ending.py` closes it (P10). When a node URL changes, `moving.py` tells partners, and `unfinished.py` ends what was
under way.
"""
