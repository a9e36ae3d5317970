"""What is searched for: documents made of films, series and people, kept up to date by changes and by rebuilds."""
