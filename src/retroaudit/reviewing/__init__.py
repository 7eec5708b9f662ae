"""Rows for people to look at: a sample of what a report was made of, kept where it can be erased."""
