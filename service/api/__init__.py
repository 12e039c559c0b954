"""The REST API: one file for each noun gives paths to operations, and nothing else imports it but `main.py`.

A set-up is walked in `connections.py`, `activations.py`, `verification_sessions.py` and `invitations.py`; what it
needs is in `instances/`, `destination_probes.py`, `platforms.py` and `access.py`; what happened is in `events.py`,
and `messages.py` is what a running connection carries. `etags.py` lets writers notice each other, `waiting.py` lets
readers wait, `auditing.py` writes refusals into the history (ADR 0020). `published.py` is what an instance publishes
for other nodes, `sandbox.py` the toy tracker's page, `about/` what a node says of itself.
"""
