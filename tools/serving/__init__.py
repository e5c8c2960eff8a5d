"""Pages that are served to this computer's own browser, and to nobody else."""
