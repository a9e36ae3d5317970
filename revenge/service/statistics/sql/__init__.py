"""Named statements of what the server holds."""
