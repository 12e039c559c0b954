"""A client is a node that asks: what it says of itself, and how it proves that it is the one.

`documents.py` reads its description from its own address, `authentication.py` checks the JWT that it signs for us.
"""
