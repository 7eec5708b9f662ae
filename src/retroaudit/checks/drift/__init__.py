"""Drift of columns against a reference."""
