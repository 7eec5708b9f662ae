"""A sample as it is kept: a line of JSON a row, and beside it what the sample is of."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from retroaudit.reviewing.drawing import Drawing, Wish
from retroaudit.reviewing.masking import COUNTS, FULL, UNREAD, mask, whole
from retroaudit.reviewing.selection import OF, REF, REST, STRATUM, Selection
from retroaudit.reviewing.strata import ALLOCATION, Stratum, group_columns
from retroaudit.spec.model import Spec

SCHEMA = "retroaudit/review/1"
_SEAL = "lines_sha256"
_REFS = "the first 32 hex digits of HMAC-SHA256(salt, model|partition|id)"


@dataclass(frozen=True)
class Sample:
    """Lines for people, and what is known of them; the same draw gives the same bytes. The salt is in neither."""

    about: Mapping[str, Any]
    lines: bytes

    @property
    def record(self) -> bytes:
        """What the sample is of, as canonical JSON."""
        return _json({**self.about, _SEAL: hashlib.sha256(self.lines).hexdigest()})

    @property
    def digest(self) -> str:
        """The sha256 of its record, and by that of its lines."""
        return hashlib.sha256(self.record).hexdigest()

    def without(self, ref: str) -> tuple[Sample, int]:
        """The sample without a person's lines, and how many these were; the record counts all that went so."""
        lines = self.lines.splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["ref"] != ref]
        gone = len(lines) - len(kept)
        about = {**self.about, "erased": self.about["erased"] + gone}
        return replace(self, about=about, lines=b"".join(kept)), gone


def parse(record: bytes, lines: bytes, digest: str) -> Sample | None:
    """A sample read back; None where its bytes are not those of this digest."""
    if hashlib.sha256(record).hexdigest() != digest:
        return None
    about = json.loads(record)
    sample = Sample({name: value for name, value in about.items() if name != _SEAL}, lines)
    return sample if sample.record == record else None


def write(drawing: Drawing, spec: Spec, wish: Wish, about: Mapping[str, Any]) -> Sample:
    """What was drawn, masked. Lines come in the order of what they say, never of the file."""
    selections = {"all": drawing.every, "failing": drawing.failing}
    rows = [
        row for name, selection in selections.items() for row in _rows(name, selection, drawing.columns, spec, wish)
    ]
    own = {
        "schema": SCHEMA,
        "masking": wish.masking,
        "asked": {"all": wish.rows, "failing": wish.failing},
        "columns": list(drawing.columns),
        "groups": list(group_columns(spec)),
        "draws": {name: _draw(selection, spec, wish) for name, selection in selections.items()},
        "allocation": ALLOCATION,
        "refs": _REFS,
        "erased": 0,
    }
    return Sample({**own, **about}, b"".join(sorted(_json(row) + b"\n" for row in rows)))


def _rows(
    name: str, selection: Selection, columns: tuple[str, ...], spec: Spec, wish: Wish
) -> Iterator[dict[str, Any]]:
    keep = whole if wish.masking == FULL else mask
    outcomes = {spec.columns.prediction, spec.columns.label}  # what people review: 0 or 1, or a class
    for row in selection.drawn().iter_rows(named=True):
        hidden = _hidden(row[OF], selection, spec, wish)
        told = {column: row[str(place)] for place, column in enumerate(columns)}
        values = {
            column: (whole if column in outcomes else keep)(value) for column, value in told.items() if value != UNREAD
        }
        shown = {"draw": name, "ref": row[REF], "stratum": _shown(Stratum.parse(row[STRATUM]), spec, hidden=hidden)}
        yield shown if wish.masking == COUNTS else {**shown, "values": values}


def _draw(selection: Selection, spec: Spec, wish: Wish) -> dict[str, Any]:
    """How many rows there were and were drawn, by stratum; `rest` are those of strata that were not kept apart."""
    drawn = Counter(selection.drawn()[OF].to_list())
    sizes = selection.sizes
    strata = [
        {
            **_shown(Stratum.parse(of), spec, hidden=_hidden(of, selection, spec, wish)),
            "rows": sizes[of],
            "drawn": drawn[of],
        }
        for of in sizes
        if of != REST
    ]
    return {
        "rows": sum(sizes.values()),
        "drawn": drawn.total(),
        "strata": sorted(strata, key=_json),
        "rest": {"rows": sizes.get(REST, 0), "drawn": drawn[REST]},
    }


def _hidden(of: str, selection: Selection, spec: Spec, wish: Wish) -> bool:
    """Whether group and version are withheld: they are few people's, or nobody knows how many people's."""
    return wish.masking != FULL and (of == REST or selection.sizes[of] < spec.privacy.min_cell)


def _shown(stratum: Stratum, spec: Spec, *, hidden: bool) -> dict[str, Any]:
    groups = dict(zip(group_columns(spec), stratum.groups, strict=True))
    return {
        "band": stratum.band,
        "groups": None if hidden else groups,
        "version": None if hidden else stratum.version,
        "withheld": hidden,
        "failed": stratum.failed,
        "broken": list(stratum.broken),
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
