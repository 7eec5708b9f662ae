"""From an archive to a proposal, and from a proposal to files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from retroaudit.faults import BadInput, Fault
from retroaudit.progress import Progress, silent
from retroaudit.proposing.document import NO_OWNER, Sources, document
from retroaudit.proposing.evidence import gather
from retroaudit.proposing.roles import Roles, called_id, guess
from retroaudit.proposing.sources import Place, opened, source
from retroaudit.proposing.suite import suite
from retroaudit.spec.paths import DATE
from retroaudit.spec.suite import FOLDER
from retroaudit.spec.tree import show

_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Asked:
    """What a proposal is asked of: path patterns below an archive's root, and names; None is for us to choose."""

    archive: str
    logs: str
    labels: str | None = None
    reference: str | None = None
    window: str | None = None
    model: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Proposal:
    """A spec's text and a suite, and what they rest on. `undecided` is what the user has to decide, in words."""

    model: str
    window: str
    rows: int
    partitions: int
    columns: int
    roles: Roles
    undecided: tuple[str, ...]
    spec: str
    suite: dict[str, Any]


def propose(asked: Asked, advance: Progress = silent) -> Proposal:
    """Measure the window and propose. Raises `BadInput`, in the options' names, where that cannot be done."""
    model = _model(asked)
    with TemporaryDirectory(prefix="retroaudit-") as spool:
        place = opened(asked.archive, Path(spool))
        found = _sources(asked, place, advance)
    roles = _comparable(guess(found.logs, found.labels), found)
    if found.logs.source.dated and roles.of("time") is None:
        expected = "a timestamp, a date or ISO 8601 text in each row"
        raise BadInput(Fault(f"--logs {asked.logs}", "no column of times", expected, f"A path with {DATE} needs one."))
    return Proposal(
        model,
        found.logs.source.inputs.window.key,
        found.logs.total,
        len(found.logs.rows),
        len(found.logs.columns),
        roles,
        tuple(_undecided(asked, found, roles)),
        document(model, asked.owner, found, roles),
        suite(model, found.logs, roles),
    )


def write(proposal: Proposal, files: tuple[Path, Path]) -> tuple[Path, Path]:
    """Write the spec and the suite as new files. Raises `BadInput` where that cannot be done."""
    texts = proposal.spec, json.dumps(proposal.suite, indent=2) + "\n"
    try:
        for path, text in zip(files, texts, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise BadInput(Fault("--out", f"{found}: {error.filename}", "a folder to write new files to")) from error
    return files


def targets(asked: Asked, out: Path) -> tuple[Path, Path]:
    """Where a proposal's spec and suite will be written. Raises `BadInput` where something is there already."""
    model = _model(asked)
    files = out / f"{model}.yaml", out / FOLDER / f"{model}.json"
    there = [path for path in files if path.exists()]
    if there:
        remedy = "Nothing is overwritten: name another --out or --model."
        raise BadInput(Fault(str(path), "a file that is there", "none", remedy) for path in there)
    return files


def _comparable(roles: Roles, found: Sources) -> Roles:
    """The roles with those features alone that the reference has too: of others drift could not be told."""
    held = found.reference
    if held is None:
        return roles
    logs = found.logs.source
    lacking = {name for name in roles.features if name not in held.columns or held.kind(name) != logs.kind(name)}
    features = {name: kind for name, kind in roles.features.items() if name not in lacking}
    reasons = dict.fromkeys(sorted(lacking), "the reference does not have it, or not in such a type")
    return replace(roles, features=features, left_out={**roles.left_out, **reasons})


def _model(asked: Asked) -> str:
    """The model's name: as asked, else the last word of the path before its first placeholder."""
    if asked.model is None:
        words = [word for word in re.split(r"[*{]", asked.logs)[0].lower().split("/")[:-1] if _MODEL.fullmatch(word)]
        return words[-1] if words else "model"
    if not _MODEL.fullmatch(asked.model):
        expected = "up to 100 small letters, digits, dots, underscores and hyphens, a letter or digit first"
        raise BadInput(Fault("--model", show(asked.model), expected))
    return asked.model


def _sources(asked: Asked, place: Place, advance: Progress) -> Sources:
    """Logs, labels and reference: their patterns are all looked up before any row is read."""
    logs = source(place, "--logs", asked.logs, asked.window)
    labels = source(place, "--labels", asked.labels, None) if asked.labels else None
    reference = source(place, "--reference", asked.reference, None) if asked.reference else None
    return Sources(
        gather(logs, place, called_id, advance),
        gather(labels, place, called_id, advance) if labels else None,
        reference,
    )


def _undecided(asked: Asked, found: Sources, roles: Roles) -> Iterator[str]:
    for role, each in roles.guesses.items():
        if not each.sure:
            yield f"{role}: {show(each.column)}? {each.why}"
    if asked.owner is None:
        yield f"owner: {NO_OWNER} stands in for who gets the findings"
    if roles.of("prediction") is None:
        yield "prediction: no column is one for certain; fairness and drift of decisions need it"
    if found.reference is None:
        yield "reference: drift is not audited without one"
    if found.labels is None and roles.of("label") is None:
        yield "labels: error rates are not audited without them"
    yield from (f"{show(name)} is no feature: {why}" for name, why in roles.left_out.items())
    yield from (
        f"{show(name)} is {kind} in some files: nothing is expected of it"
        for name, kind in found.logs.source.unsteady.items()
    )
