"""Named statements of events and of telling agents."""
