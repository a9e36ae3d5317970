"""Named statements of who did what."""
