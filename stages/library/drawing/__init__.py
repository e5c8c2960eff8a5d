"""Test pictures: what is asked for, who draws it, and how it is shown."""
