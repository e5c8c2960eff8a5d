"""The page that shows the dataset."""
