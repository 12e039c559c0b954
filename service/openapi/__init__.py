"""How the API describes itself: what the framework writes, completed by what holds for every operation.

`document.py` begins, and decides which problems each operation may answer; `problems.py` is their shape, `headers.py`
headers, `examples.py` what a run of the service recorded; `serving.py` sends it.
"""
