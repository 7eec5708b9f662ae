"""An archive with planted incidents, audited."""
