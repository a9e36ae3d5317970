"""Whoever can be asked, each with what it calls things made ours."""
