"""A page is what a person sees in the browser: one view of one moment, and it works without any script.

`views.py` is what each page says, as data; `rendering.py` makes it bytes and headers, `untrusted_text.py` makes
others' words inert. `sign_in_router.py` and `sign_in.py` are the one sign-in page, `elsewhere.py` the way to the
platform's own page and back (for the connection's user too: `connection_user.py`), `visitors.py` who sits in front of
it, `consent.py` where an admin decides on another node's request (P5), `verification/` and `invitation/` the stops of
their stories, `onward.py` where a person goes from the last of them. `refusals.py` is a refusal as a page, `docs.py`
the two pages of the API's description.
"""
