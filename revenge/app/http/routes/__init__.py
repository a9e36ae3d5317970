"""One router per thing that the API is about."""
