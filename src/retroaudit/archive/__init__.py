"""Archived logs, labels and snapshots: found, pinned, and read within bounds."""
