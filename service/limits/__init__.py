"""A limit says how often, or how much at once, anything may be done.

`table.py` lists every limit on how often, and who is counted as one (the size of a body is in `main.py`); `counts.py`
is what this process has counted, `at_once.py` how much goes on at the same time.
"""
