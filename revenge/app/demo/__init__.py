"""Servers that stand in for those of the outside, over real HTTP, so that all of it can be tried and tested without any key."""
