"""A token is what a decision is exchanged for, bound to a key that the caller proves each time.

`exchange.py` turns a code into a token and an attestation, once (P7), and gives a fresh token for a connection that is
known; `access.py` makes and checks them.
"""
