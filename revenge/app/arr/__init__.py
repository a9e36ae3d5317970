"""Radarr and Sonarr, plugged into the rest of the server."""
