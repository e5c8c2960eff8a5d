"""What the stand-ins do the same as the real things."""
