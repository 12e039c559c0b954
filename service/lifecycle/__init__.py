"""The lifecycle shows the state machines and the steps as data and as diagrams."""
