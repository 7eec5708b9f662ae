"""A spec and a Great Expectations suite, proposed from data."""
