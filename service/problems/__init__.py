"""A problem is a refusal that tells the way out (RFC 9457).

`tree.py` has every one of them. `http/problem_handlers.py` turns them into answers, `api/about/problem_types.py`
serves the catalogue.
"""
