"""The two stops of the admin's browser on the way through a verification.

`router.py` has the paths, `start.py` is where it begins (P3), `callback.py` where it comes back (P6), `results.py`
how it stands then.
"""
