"""Exact, mergeable states: everything that an audit knows about rows."""
