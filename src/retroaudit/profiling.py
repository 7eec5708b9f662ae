"""What the checks look at: the window's profile with its rolling references, and the fixed reference's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from retroaudit.archive.inputs import Accounting
from retroaudit.archive.times import microseconds
from retroaudit.artefacts import REFERENCE, WINDOW, Merged, Pinned
from retroaudit.measures.profile import Profile
from retroaudit.measures.store import StateStore
from retroaudit.measuring import take
from retroaudit.spec.references import reference_age
from retroaudit.storage.protocol import Erasable

_DAYS = 3e6  # what a grid of dates stays below, being of days since 1970, and one of timestamps (microseconds) does not
_MICROSECONDS_A_DAY = 86_400 * 10**6


def profiles(pinned: Pinned, merged: Merged, states: Erasable) -> tuple[Profile, Profile | None]:
    """What is known of the window and its rolling references, and of the fixed one: nothing, if it was not read."""
    store = StateStore(states)

    def known(role: str) -> Profile:
        return Profile(take(store, merged.states[role]), accounting=accounting(merged, role))

    versions = store.get({kept.key: kept.digest for kept in merged.versions.values()})
    reference = known(REFERENCE) if REFERENCE in merged.states else None
    profile = replace(
        known(WINDOW),
        versions={day: versions[kept.key] for day, kept in merged.versions.items()},
        missing=pinned.inputs.missing,
        columns=pinned.schema.columns,
        schema_changes=pinned.schema.changes,
        labels_awaited=_labels_awaited(pinned, merged),
        reference_age=_reference_age(pinned, reference),
        rolling={name: known(name) for name in pinned.inputs.rolling if name in merged.states},
    )
    return profile, reference


def _reference_age(pinned: Pinned, reference: Profile | None) -> timedelta | None:
    """How old the fixed reference is at the cut-off: as the spec dates it, else by the last of its event times."""
    spec, as_of = pinned.spec, pinned.inputs.as_of
    said = reference_age(spec, pinned.inputs.window, as_of)
    times = reference.grid(spec.columns.time) if reference and spec.columns.time else None
    if said is not None or times is None or not times.n or as_of is None:
        return said
    last = float(times.high[-1])
    return timedelta(microseconds=microseconds(as_of) - (last if last > _DAYS else last * _MICROSECONDS_A_DAY))


def accounting(merged: Merged, role: str) -> tuple[Accounting, ...]:
    """How the rows of each partition of one role are accounted for."""
    return tuple(each.accounting for each in merged.of(role))


def _labels_awaited(pinned: Pinned, merged: Merged) -> str:
    """Why labels are still to come: the cut-off is, or no decision of the window is mature by then."""
    if pinned.inputs.labels_due:
        return f"labels are due at {pinned.inputs.as_of}"
    labels = [each.labels for each in accounting(merged, WINDOW) if each.labels]
    if labels and all("immature" in tally for tally in labels):
        return f"no decision of this window is mature at {pinned.inputs.as_of}"
    return ""
