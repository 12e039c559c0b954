"""Discovery answers what is at a URL: a node, a tracker whose node is unknown, or nothing."""
