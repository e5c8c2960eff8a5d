"""From the dataset to a LoRA: checks, the trainer, states, curves, provenance."""
