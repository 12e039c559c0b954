"""An invitation is a single-use, expiring, revocable code that lets one partner join a connection."""
