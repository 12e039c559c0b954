"""A verification session is one attempt to prove admin access on the destination."""
