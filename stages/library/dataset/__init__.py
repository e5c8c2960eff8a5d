"""Drawings, captions and what people write about them."""
