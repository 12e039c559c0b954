"""The demo is the main job, shown: two nodes, a person's browser and a program set up connections.

`run.py` starts the nodes; `story.py` tells the set-ups, `invitations.py` the invitations and `different.py` the one
between two different systems, which `trackers.py` has; `telling.py` is what all of them are told with, and `forms.py`
reads pages as a browser does.
"""
