"""A platform is a kind of work-management system: it describes itself, and answers who is an admin there."""
