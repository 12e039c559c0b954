"""What an operator's commands do with the database, beside serving.

`operations.py` is what each command does, and how it says in a sentence why it cannot; `listing.py` is what it shows
of instances and tokens; `resealing.py` seals every
secret with the newest key; `tables.py` lists every table, for the migrations.
"""
