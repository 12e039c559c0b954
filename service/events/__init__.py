"""An event is one thing that happened to a connection: who did what, from where, and why."""
