"""Parley sets up trusted connections between work-management instances: one package for each noun.

`main.py` puts a node together, `cli.py` is what an operator types, `settings.py` what an operator sets, `node.py`
what requests and jobs share, `words.py` the closed sets of words that all of them use. ARCHITECTURE.md has the map.
"""
