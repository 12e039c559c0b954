"""A registration is how a node with an invitation's secret becomes a client: it claims the invitation by its key.

`statements.py` reads what it sends, and how far its host can be verified; `endpoint.py` registers it, and tells whoever
has the secret how the invitation stands.
"""
