"""Servers that stand in for those of the outside, so that all of it can be tried, and tested, without any key."""

"""TMDb, TVmaze, OMDb and Fanart.tv for a machine without keys: real HTTP, the demo library's titles, painted posters."""
