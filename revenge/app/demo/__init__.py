"""Servers that stand in for those of the outside, so that all of it can be tried, and tested, without any key."""
