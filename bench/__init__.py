"""What is measured, each with one command: ``make bench`` runs all of it."""
