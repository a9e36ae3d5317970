"""revenge."""
