"""Named statements of what Radarr and Sonarr said."""
