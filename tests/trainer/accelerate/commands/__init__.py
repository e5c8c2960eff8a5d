"""Commands of accelerate."""
