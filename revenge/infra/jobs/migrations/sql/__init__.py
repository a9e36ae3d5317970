"""The migrator's own statements (the lines' are in their folders)."""
