"""Who is calling, and what they may do: service tokens and the sign-in sessions of people."""
