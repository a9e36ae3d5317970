"""Radarr: its films, its files and what it tells of them."""
