"""Paths of a spec: relative, below the archive's root, with `*` within a segment and at most one `{date}`."""

from __future__ import annotations

import re

DATE = "{date}"
_LONGEST = 1_000


def path_faults(path: str, *, dates: bool = True) -> tuple[str, ...]:
    """What a path would have to be, for each way in which it is not; empty for a good one.

    `dates` says whether `{date}` may stand in it.
    """
    segments = path.split("/")
    allowed = {
        "a path below the archive's root, without a leading slash": not path.startswith("/"),
        "a path, not an address": "://" not in path,
        "forward slashes": "\\" not in path,
        "no segment that is empty, . or ..": path.startswith("/") or not {"", ".", ".."} & set(segments),
        "* within a segment; ** is no pattern here": "**" not in path,
        "* as the only pattern": not re.search(r"[?\[\]]", path),
        "no braces but those of {date}": not re.search(r"[{}]", path.replace(DATE, "")),
        "{date} once": path.count(DATE) <= 1,
        "no {date}: it is one snapshot": dates or DATE not in path,
        "printable characters": path.isprintable(),
        f"at most {_LONGEST:,} characters": len(path) <= _LONGEST,
    }
    return tuple(expected for expected, holds in allowed.items() if not holds)
