"""A value is a plain fact, spelled in one way: a moment, an id, a text, a state and what may follow it.

`state_machine.py` is the law of every noun that has states; `moments.py` is time, `texts.py` ids and text,
`database_urls.py` where a PostgreSQL is.
"""
