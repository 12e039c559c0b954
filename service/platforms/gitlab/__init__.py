"""GitLab: an instance is a group on gitlab.com, and the whole server where a company runs its own.

`description.py` is what it offers and asks for, `sign_in.py` who somebody is and whether an admin, `projects.py` what
projects hold and what an account may do in them; `adapter.py` puts them together.
"""
