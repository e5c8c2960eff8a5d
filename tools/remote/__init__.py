"""Check whether the DVC remote can be used, or push to it."""
