"""An instance key is what an instance signs with: published before it signs, and refused some time after.

`states.py` is its life, `models.py` the row, `operations.py` signing and publishing, `rotation.py` how one key gives
way to the next (ADR 0026), `schemas.py` the wire.
"""
