"""What this machine does with the engine: each measurement is one function that returns one JSON object."""
