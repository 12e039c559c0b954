"""How the API describes itself: what the framework writes, completed by what holds for every operation.

`document.py` begins; `problems.py` adds refusals, `headers.py` headers, `examples.py` what a run of the service
recorded.
"""
