"""A channel carries messages over an active connection, in order, none lost and none twice, for whoever uses it.

`models.py` is what waits on each side. `outbox.py` takes a message that is to be sent and gives batches of them,
`inbox.py` takes what the other side sent and hands it out. `exchanging.py` is the job by which the side that can dial
gives and gets both at once, and the answer to that call. `operations.py` is what programs ask of it, `schemas.py` how
they see it.
"""
