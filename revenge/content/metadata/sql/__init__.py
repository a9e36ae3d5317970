"""The package's statements, a file for each thing."""
