"""A platform is a kind of work-management system: it describes itself, and answers who is an admin there.

What each one says of itself stands in `description.py`, what it answers in `interface.py`. `adapter.py` has the three
steps that prove an admin, the same for all; `calls.py` is how an adapter calls, `answers.py` what it may believe of an
answer, `oauth.py` the sign-in on a platform's own page. `recognition.py` knows the links of each before any call,
`registry.py` finds which platforms there are, `schemas.py` is the wire. Each other file or folder here is one platform;
`sandbox.py` is the toy tracker, `jira.py` what both Jiras have in common. docs/platforms/adding.md tells how to add
one.
"""
