"""Great Expectations is imported by our package first, without the warnings that its own modules raise."""

import retroaudit.checks.quality.gx  # noqa: F401
