"""The pages of an invitation, on either side; the code is behind the `#` and never part of an address.

`router.py` has the paths, `landing.py` finds out whose page it is; `hand_over.py` is the inviter's node, which leads
on; `code_form.py` takes a code; `invited.py` is where an admin accepts or rejects, `results.py` how that stands.
"""
