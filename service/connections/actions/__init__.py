"""An action is what a client may perform or wait for next, with everything it needs to do so; all of it is pure.

`next.py` begins: it returns all that is possible now. `shape.py` is what an action is made of; `access.py`,
`invitation.py` and `running.py` build the actions of their part of the story.
"""
