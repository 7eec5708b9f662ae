"""The append-only store of sealed reports."""
