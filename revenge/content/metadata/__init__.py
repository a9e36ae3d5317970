"""What is known of films, series and people, and who is asked for it."""
