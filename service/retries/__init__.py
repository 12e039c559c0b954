"""A retry is a request that comes again because its answer was lost: it gets the same one, and nothing happens twice.

`models.py` is what is kept of an answered request, `once.py` the two moments that make it safe (its key is claimed by
the first statement of the transaction of its effect, its answer is stored by the last), `routes.py` where the answer is
seen before it is committed (ADR 0035).
"""
