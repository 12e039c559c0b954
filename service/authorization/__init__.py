"""Authorization is what other nodes may ask of us: pushed requests, consent, tokens, activation, status."""
