"""What nodes tell one another at once, with a Redis between them or without: nothing is lost that is in no table."""
