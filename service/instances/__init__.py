"""An instance is one work-management system that this node fronts, with its own issuer and signing key."""
