"""Text of any origin as one segment of a key."""

from __future__ import annotations

import hashlib

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_LONGEST = 200  # file systems stop at 255 bytes a name; "model=" and the like stand before it
_KEPT = 100


def encode(text: str) -> str:
    """Injective percent-encoding: `[a-z0-9_-]` stay, every other byte of the UTF-8 form becomes `%xx`.

    Neither `/` nor `..` can be formed, and two texts never share a segment, not even where a file system
    ignores case. What would be longer than 200 characters is cut and ends in `~` and the text's sha256
    (`~` is never plain, so the two forms cannot meet). Nothing is decoded on read.

    >>> encode("Lending v1.4")
    '%4cending%20v1%2e4'
    """
    data = text.encode("utf-8", "surrogatepass")
    encoded = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in data)
    if len(encoded) <= _LONGEST:
        return encoded
    return f"{encoded[:_KEPT]}~{hashlib.sha256(data).hexdigest()}"
