"""Named statements of rates and breakers."""
