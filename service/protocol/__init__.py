"""The protocol is what nodes say to each other: messages, metadata, errors, and our client side of it."""
