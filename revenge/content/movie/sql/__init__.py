"""Named statements of films, and of what libraries have of them."""
