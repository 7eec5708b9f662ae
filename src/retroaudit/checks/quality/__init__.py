"""Quality of columns."""
