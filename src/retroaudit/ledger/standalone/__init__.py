"""A verifier of the ledger's format in one file, which imports nothing of this package."""
