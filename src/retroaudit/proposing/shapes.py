"""The shape of texts: a regular expression that all texts of a column fit, made of classes and fixed characters.

Texts of one length are compared place by place: a run of letters and digits of which no place varies but in digits
keeps its letters (`req-[0-9]{8}`), any other becomes the narrowest class that holds it (`[0-9a-f]{8}`). Texts of
several lengths have a shape where only the lengths of their runs of digits differ (`r[0-9]+`). Other columns have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

LONGEST = 64  # characters of an id
_ASCII = 128
_CLASSES = ("0-9", "0-9a-f", "0-9A-F", "a-z", "A-Z", "0-9a-z", "0-9A-Z", "A-Za-z", "0-9A-Za-z")
_DIGITS = frozenset("0123456789")
_META = frozenset(r".^$*+?{}[]\|()")


@dataclass(frozen=True, eq=False)
class Shape:
    """What some texts have in common. `seen` (places by 128 ASCII codes, Boolean) is None once lengths differ.

    `skeleton` is a text with each run of digits as one 0, None once there are two; `digits` are the lengths of the
    shortest of each such run.
    """

    seen: NDArray[np.bool_] | None
    skeleton: str | None
    digits: tuple[int, ...]


def shape(texts: pl.Series) -> Shape | None:
    """The shape of texts without nulls, of which there is one or more; None where they have none."""
    if texts.len() == 0 or (texts.str.len_bytes() > LONGEST).any() or not texts.str.contains(r"^[\x20-\x7e]+\z").all():
        return None
    skeletons = texts.str.replace_all("[0-9]+", "0").unique()
    skeleton = skeletons[0] if skeletons.len() == 1 else None
    seen = _seen(texts) if texts.str.len_bytes().n_unique() == 1 else None
    digits = _shortest(texts) if skeleton is not None else ()
    return Shape(seen, skeleton, digits) if seen is not None or skeleton is not None else None


def merged(a: Shape, b: Shape) -> Shape | None:
    """The shape of the texts of both."""
    alike = a.seen is not None and b.seen is not None and a.seen.shape == b.seen.shape
    seen = a.seen | b.seen if alike and a.seen is not None and b.seen is not None else None
    skeleton = a.skeleton if a.skeleton == b.skeleton else None
    digits = tuple(map(min, a.digits, b.digits)) if skeleton is not None else ()
    return Shape(seen, skeleton, digits) if seen is not None or skeleton is not None else None


def regex(found: Shape) -> str | None:
    """The anchored expression; None where it would fix nothing but that there is some text."""
    if found.seen is not None:
        return f"^{''.join(_places(found.seen))}$"
    if found.skeleton is None or "0" not in found.skeleton:
        return None
    pieces = ["".join(map(_literal, piece)) for piece in found.skeleton.split("0")]
    runs = ["[0-9]+" if least == 1 else f"[0-9]{{{least},}}" for least in found.digits]
    return f"^{''.join(piece + run for piece, run in zip(pieces, [*runs, ''], strict=True))}$"


def _seen(texts: pl.Series) -> NDArray[np.bool_]:
    length = int(texts.str.len_bytes()[0])
    codes = np.frombuffer("".join(texts.to_list()).encode(), np.uint8).reshape(-1, length)
    found = np.zeros((length, _ASCII), np.bool_)
    for place in range(length):
        found[place, np.unique(codes[:, place])] = True
    return found


def _shortest(texts: pl.Series) -> tuple[int, ...]:
    runs = texts.str.extract_all("[0-9]+").list.eval(pl.element().str.len_bytes())
    count = int(runs.list.len()[0])
    return tuple(int(runs.list.get(at).to_numpy().min()) for at in range(count))


def _places(seen: NDArray[np.bool_]) -> Iterator[str]:
    places = [frozenset(map(chr, np.flatnonzero(row))) for row in seen]
    for is_word, some in groupby(places, key=lambda characters: any(c.isalnum() for c in characters)):
        run = list(some)
        yield from _word(run) if is_word else map(_one, run)


def _word(run: list[frozenset[str]]) -> Iterator[str]:
    """A run of letters and digits: its letters stay where only digits vary, else one class holds it all."""
    varying = frozenset().union(*(place for place in run if len(place) > 1))
    if varying <= _DIGITS:
        for is_digit, some in groupby(run, key=lambda place: place <= _DIGITS):
            places = list(some)
            if is_digit:
                yield f"[0-9]{_times(len(places))}"
            else:
                yield from map(_one, places)
    else:
        yield f"{_class(frozenset().union(*run))}{_times(len(run))}"


def _class(characters: frozenset[str]) -> str:
    """The narrowest of the usual classes, with what is neither letter nor digit beside it."""
    words = frozenset(c for c in characters if c.isalnum())
    narrowest = next(each for each in _CLASSES if all(re.fullmatch(f"[{each}]", c) for c in words))
    return f"[{narrowest}{''.join(re.escape(c) for c in sorted(characters - words))}]"


def _one(characters: frozenset[str]) -> str:
    """One place without letters and digits, or with a single letter."""
    if len(characters) == 1:
        return _literal(next(iter(characters)))
    return f"[{''.join(re.escape(c) for c in sorted(characters))}]"


def _literal(character: str) -> str:
    """What stands for itself, escaped only where it would not: ids have hyphens, which people read."""
    return re.escape(character) if character in _META else character


def _times(count: int) -> str:
    return f"{{{count}}}" if count > 1 else ""
