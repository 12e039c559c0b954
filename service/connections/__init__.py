"""A connection is an agreement between two sides, set up step by step and then active on both."""
