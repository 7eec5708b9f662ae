"""A judged audit as documents: canonical JSON, Parquet and HTML."""
