"""A limit says how often, or how much at once, anything may be done.

`table.py` lists every limit and who is counted as one; `counts.py` is what this process has counted, `at_once.py` how
much goes on at the same time.
"""
