"""What made the files of the repository that no hand wrote."""
