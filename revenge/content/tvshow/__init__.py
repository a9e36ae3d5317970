"""Series, their seasons and their episodes."""
