"""What people play, and what they have watched."""
