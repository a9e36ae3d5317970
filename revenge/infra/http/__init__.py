"""Calls to other servers: bounded, only to configured hosts, at a rate that all nodes share."""
