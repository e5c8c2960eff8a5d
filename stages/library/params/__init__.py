"""The sections of params.yaml, one module a section: which keys there are, and their values."""
