"""Named SQL of series, seasons, episodes and what libraries have of them."""
