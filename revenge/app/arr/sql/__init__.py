"""Named statements that join what Radarr and Sonarr say to films, series and items."""
