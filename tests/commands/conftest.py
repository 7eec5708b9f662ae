"""What the tests of commands share with those of the whole command line."""

from __future__ import annotations

from tests.test_cli import call

__all__ = ["call"]
