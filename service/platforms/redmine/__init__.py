"""Redmine, of which a wrong key gets public data: only its own who-am-I proves an account.

`description.py` is what it offers and asks for, `sign_in.py` how an account and an admin are proven, `projects.py` what
projects hold and what an account may do in them; `adapter.py` puts them together.
"""
