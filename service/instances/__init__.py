"""An instance is one work-management system that this node fronts, with its own issuer and signing key.

`models.py` is the row, `operations.py` what is done with it, `schemas.py` the wire. `addresses.py` says which URLs it
may have, `credentials.py` what people type, `oauth_clients.py` as which application this node is registered there and
`renewing.py` how a user keeps its access by OAuth, `checks.py` and `permissions.py` whether that user may do what
connections need, `identity.py` whether this node is still where the instance was set up (ADR
0028), and the version of the tracker.
"""
