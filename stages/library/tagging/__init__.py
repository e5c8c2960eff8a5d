"""What a tagger finds in a picture, and which of it becomes a caption."""
