"""What Radarr and Sonarr have in common: how they are asked, what they say, and how that is kept beside ours."""
