"""Parley: sets up trusted connections between work-management instances."""
