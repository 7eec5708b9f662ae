"""Object storage behind one small protocol: a local directory or S3."""
