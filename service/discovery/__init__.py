"""Discovery answers what is at a URL: a node, a tracker whose node is unknown, or nothing.

`operations.py` begins; `search.py` looks in the most authoritative places first, and ends with one finding;
`node_metadata.py` believes what a node publishes only after every check. `reasons.py` has the sentence and the way out
for each reason why a URL is of no use (a private address, for example), `probes.py` the answer in words. `modes.py`
says which modes two sides can have, `names.py` what to call them; `looks.py` limits how often we look. `schemas.py` is
the wire.
"""
