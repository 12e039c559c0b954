"""A platform is a kind of work-management system: it describes itself, and answers who is an admin there.

`interface.py` is what each of them has to answer, `registry.py` which ones there are, `answers.py` how their answers
are read, `schemas.py` the wire. `sandbox.py` is the toy tracker; Redmine is `redmine.py` with `redmine_description.py`,
`redmine_sign_in.py` and `redmine_projects.py`.
"""
