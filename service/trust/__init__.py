"""Trust is what is believed because it was checked: signatures, tokens and sealed secrets, without any I/O.

`signatures.py` is the one wrapper around jose, with `purposes.py` for what each kind of JWT must say and `keys.py`
for public keys of others. `tokens.py` makes and compares opaque secrets, and the comparison code that both screens
show; `sealing.py` encrypts what is stored.
"""
