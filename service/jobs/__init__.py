"""A job is what must go on without a request: stored with the change that caused it, done until it is done."""
