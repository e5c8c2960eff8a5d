"""Parts of the stand-in trainer."""
