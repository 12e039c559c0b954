"""What a node says about itself, to people, monitoring and programs.

`root.py` is the index, `health.py` whether it works, `metrics.py` what it counted, `problem_types.py` the catalogue
of refusals, and `lifecycle.py` every state machine and order of steps as data.
"""
