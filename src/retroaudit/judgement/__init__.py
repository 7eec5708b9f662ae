"""Verdicts, small cells and findings."""
