"""Sonarr: its series, episodes and files, and what it tells of them."""
