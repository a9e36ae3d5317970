"""Named SQL of accounts, sessions, tokens and permissions."""
