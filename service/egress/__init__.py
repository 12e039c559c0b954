"""Egress is the one way out: calls to hosts that others named, to checked addresses, limited in time and size.

`client.py` makes the call, directly or by the operator's proxy; `policy.py` says what may be called, `addresses.py`
which addresses are public, `host_names.py` which ones a name has; `answers.py` reads what came back, capped.
`lately.py` remembers good answers for a
minute. `web_addresses.py` is what a pasted link means.
"""
