"""An event is one thing that happened to a connection: who did what, from where, and why.

`models.py` is the row; `operations.py` writes it in the transaction of the change, and reads the history.
"""
