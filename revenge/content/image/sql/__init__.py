"""Named statements of pictures."""
