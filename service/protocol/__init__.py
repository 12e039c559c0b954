"""The protocol is what nodes say to each other: messages, metadata, errors, and our client side of it.

`messages.py` has every body, once; `metadata.py` is what we publish, `errors.py` what a refusal looks like there.
`client.py` asks of another node what a set-up needs, `registration.py` what an invitation needs. `parameters.py`
reads OAuth parameters strictly, `replay.py` lets a single-use JWT work once.
"""
