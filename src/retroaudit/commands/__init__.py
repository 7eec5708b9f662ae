"""The commands, each thin: words to values, one call, and what to tell."""
