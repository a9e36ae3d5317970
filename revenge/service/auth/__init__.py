"""Accounts, how they are known, and what they may do."""
