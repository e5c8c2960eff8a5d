"""Show what another base model needs, and write it into params.yaml."""
