"""A stand-in for the LoRA network."""
