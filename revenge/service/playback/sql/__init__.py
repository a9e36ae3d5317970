"""Named SQL of playing and watching."""
