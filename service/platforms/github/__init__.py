"""GitHub, in the cloud and as Enterprise Server: an instance is an organisation, an account, or one repository.

`description.py` is what it offers and asks for, `places.py` what the URL of an instance names, `sign_in.py` who
somebody is and whether an admin, `projects.py` what repositories hold and what an account may do in them;
`adapter.py` puts them together.
"""
