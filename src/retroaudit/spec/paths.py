"""Paths of a spec: relative, below the archive's root, with `*` within a segment and at most one placeholder."""

from __future__ import annotations

import re

DATE = "{date}"
VERSION = "{version}"
_LONGEST = 1_000


def path_faults(path: str, *, dates: bool = True, versions: bool = False) -> tuple[str, ...]:
    """What a path would have to be, for each way in which it is not; empty for a good one.

    `dates` and `versions` say whether `{date}` and `{version}` may stand in it.
    """
    braced = path.replace(DATE, "").replace(VERSION, "" if versions else VERSION)
    named = f"{DATE} and {VERSION}" if versions else DATE
    segments = path.split("/")
    allowed = {
        "a path below the archive's root, without a leading slash": not path.startswith("/"),
        "a path, not an address": "://" not in path,
        "forward slashes": "\\" not in path,
        "no segment that is empty, . or ..": path.startswith("/") or not {"", ".", ".."} & set(segments),
        "* within a segment; ** is no pattern here": "**" not in path,
        "* as the only pattern": not re.search(r"[?\[\]]", path),
        f"no braces but those of {named}": not re.search(r"[{}]", braced),
        "{date} once": path.count(DATE) <= 1,
        "{version} once": path.count(VERSION) <= 1,
        "no {date}: it is one snapshot": dates or DATE not in path,
        "printable characters": path.isprintable(),
        f"at most {_LONGEST:,} characters": len(path) <= _LONGEST,
    }
    return tuple(expected for expected, holds in allowed.items() if not holds)
