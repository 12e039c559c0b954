"""The demo is the main job, shown: two nodes, a person's browser and a program set up connections.

`run.py` starts the nodes; `story.py` tells the set-ups and `invitations.py` the invitations, with what `telling.py`
gives them; `forms.py` reads pages as a browser does.
"""
