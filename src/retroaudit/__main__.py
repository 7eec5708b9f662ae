"""`python -m retroaudit`: the command line."""

from __future__ import annotations

from retroaudit.cli import main

if __name__ == "__main__":
    main()
