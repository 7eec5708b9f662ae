"""One partition measured: from its states where they are there, from its rows where they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from retroaudit import identity
from retroaudit.archive.cutoffs import Cutoffs, unusual, usual
from retroaudit.archive.inputs import Accounting
from retroaudit.archive.read import account as account_of
from retroaudit.archive.read import kept_apart, last_arrival, read_columns, read_partition, unreadable
from retroaudit.archive.rows import roles
from retroaudit.artefacts import Kept, Measured, Places, Work
from retroaudit.faults import Fault, IntegrityBroken, Unreadable
from retroaudit.identity import StateKeys
from retroaudit.measures import account, arrivals, distinct, rows
from retroaudit.measures.fold import fold
from retroaudit.measures.labelled import LABELLED, at_cutoff
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure as measure_rows
from retroaudit.measures.store import StateKey, StateStore
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Erasable

ROWS = Need("rows")
HASHES, DISTINCT = "hashes", "distinct"
_OF_ROLES = "@"  # columns that the archive derives from roles begin with it


@dataclass(frozen=True)
class _Kept:
    """What the state store has of a partition: the digests by key, and the account where it is there."""

    cutoffs: Cutoffs
    keys: StateKeys
    digests: Mapping[StateKey, str]
    account: Accounting | None = None

    def missing(self, work: Work) -> tuple[Need, ...]:
        return tuple(need for need in work.needs if self.keys.of(need) not in self.digests)

    def of(self, spec: Spec, work: Work) -> tuple[Kept, ...]:
        place = self.cutoffs.place if kept_apart(spec, work.partition) else None
        keys = {need: self.keys.of(need) for need in work.needs}
        return tuple(
            Kept(need, key, self.digests[key], place if need.measure in LABELLED else None)
            for need, key in keys.items()
        )


def measure(spec: Spec, work: Work, places: Places) -> Measured:
    """The states that the work needs, put into the state store, and how its rows are accounted for.

    Only what is not in the store is read: nothing, one new column, or the labels of an unusual cut-off with the
    columns that they are measured with. A partition that cannot be read is accounted for with its reason.
    """
    store = StateStore(places.states)
    try:
        kept = _look_up(spec, work, store, _cutoffs(spec, work, store) or _from_arrivals(spec, work, places))
        return (
            _of_states(spec, work, kept)
            or _from_columns(spec, work, places, kept)
            or _from_rows(spec, work, places, kept)
        )
    except Unreadable as error:
        return Measured(work.role, unreadable(work.partition, error))


@dataclass(frozen=True)
class Ahead:
    """What measuring a partition would read: states there and to be made, columns of logs, and whether labels too."""

    work: Work
    kept: int
    missing: tuple[Need, ...]
    columns: frozenset[str]
    with_labels: bool

    @classmethod
    def none(cls, work: Work) -> Ahead:
        """Nothing is read: every state is there, or will be by then."""
        return cls(work, len(work.needs), (), frozenset(), with_labels=False)

    @property
    def nothing(self) -> bool:
        """Whether the state store has everything."""
        return not self.columns and not self.with_labels


def look_ahead(spec: Spec, work: Work, states: Erasable) -> Ahead:
    """What `measure` would do, without doing it."""
    kept = _known(spec, work, states)
    missing = kept.missing(work)
    there = len(work.needs) - len(missing)
    if _of_states(spec, work, kept) is not None:
        return Ahead.none(work)
    columns = frozenset(name for name in _columns(missing) if not name.startswith(_OF_ROLES))
    if _columns_suffice(kept, missing):
        return Ahead(work, there, missing, columns, with_labels=False)
    return Ahead(work, there, missing, columns | roles(spec), with_labels=True)


def from_states(spec: Spec, work: Work, states: Erasable) -> Measured | None:
    """What the state store alone has to say; None where anything is missing."""
    return _of_states(spec, work, _known(spec, work, states))


def _known(spec: Spec, work: Work, states: Erasable) -> _Kept:
    """What the state store has, where the archive is not asked when the last label arrived."""
    store = StateStore(states)
    return _look_up(spec, work, store, _cutoffs(spec, work, store) or Cutoffs((work.as_of,)))


def _of_states(spec: Spec, work: Work, kept: _Kept) -> Measured | None:
    if kept.account is None or kept.missing(work):
        return None
    return Measured(work.role, kept.account, kept.of(spec, work), reused=True)


def _cutoffs(spec: Spec, work: Work, store: StateStore) -> Cutoffs | None:
    """At which cut-offs the partition's labels are looked at; None where that takes a look at when they arrived."""
    if not kept_apart(spec, work.partition):
        return Cutoffs((work.as_of,))
    usually = usual(spec, work.partition, work.as_of)
    key = identity.arrivals_key(spec, work)
    found = {} if usually else store.find([key])
    return unusual(spec, work.partition, work.as_of, arrivals.finish(store.get(found)[key])) if found else usually


def _from_arrivals(spec: Spec, work: Work, places: Places) -> Cutoffs:
    last = last_arrival(spec, work.partition, places.archive, places.spool)
    StateStore(places.states).put({identity.arrivals_key(spec, work): arrivals.state(last)})
    return unusual(spec, work.partition, work.as_of, last)


def _look_up(spec: Spec, work: Work, store: StateStore, cutoffs: Cutoffs) -> _Kept:
    keys = identity.state_keys(spec, work, cutoffs)
    digests = store.find([*map(keys.of, work.needs), keys.account])
    if keys.account not in digests:
        return _Kept(cutoffs, keys, digests)
    lines = store.get({keys.account: digests[keys.account]})[keys.account]
    known = account.finish(lines, work.partition.key, len(work.partition.logs), cutoffs.place)
    return _Kept(cutoffs, keys, digests, known)


def _from_rows(spec: Spec, work: Work, places: Places, kept: _Kept) -> Measured:
    """Read the rows for what is missing; the account must be the one that is known, if there is one."""
    missing = kept.missing(work)
    needs, moments = {*missing, ROWS}, kept.cutoffs.moments
    reading = read_partition(spec, work.partition, moments, _columns(needs), places.archive, places.spool)
    states = measure_rows(reading.slices, needs)
    counted = [account_of(reading, rows.finish(states[ROWS]), cutoff) for cutoff in range(len(moments))]
    known = counted[kept.cutoffs.place]
    _must_be(kept.account, known)
    fresh = {kept.keys.of(need): states[need] for need in missing} | {kept.keys.account: account.state(counted)}
    if reading.arrivals.read:
        fresh[identity.arrivals_key(spec, work)] = arrivals.state(reading.arrivals.last)
    return _put(spec, work, places, replace(kept, account=known), fresh)


def _from_columns(spec: Spec, work: Work, places: Places, kept: _Kept) -> Measured | None:
    """Read columns alone where every row is known to count: one that is new costs no other. None elsewhere."""
    missing, known = kept.missing(work), kept.account
    if known is None or not _columns_suffice(kept, missing):
        return None
    seen: list[int] = []
    slices = read_columns(spec, work.partition, _columns(missing), places.archive, places.spool)
    states = measure_rows(_counted(slices, seen), missing)
    if sum(seen) != known.read:
        raise IntegrityBroken(Fault(f"rows of {work.name}", f"{sum(seen)} read", f"the {known.read} of its account"))
    return _put(spec, work, places, kept, {kept.keys.of(need): states[need] for need in missing})


def _put(spec: Spec, work: Work, places: Places, kept: _Kept, fresh: Mapping[StateKey, State]) -> Measured:
    """Keep what was measured now beside what was there."""
    whole = replace(kept, digests={**kept.digests, **StateStore(places.states).put(fresh)})
    if whole.account is None:
        raise IntegrityBroken(Fault(f"account of {work.name}", "none", "one, after its rows were read"))
    return Measured(work.role, whole.account, whole.of(spec, work), whole.account.read)


def _columns_suffice(kept: _Kept, missing: Collection[Need]) -> bool:
    return kept.account is not None and not kept.account.excluded and all(map(_of_columns_alone, missing))


def _counted(slices: Iterable[pl.DataFrame], seen: list[int]) -> Iterator[pl.DataFrame]:
    for frame in slices:
        seen.append(frame.height)
        yield frame


def _must_be(known: Accounting | None, counted: Accounting) -> None:
    if known is not None and known != counted:
        remedy = "The archive gives other rows than it gave before: audit it with a new state store."
        raise IntegrityBroken(Fault(f"account of {counted.partition}", str(counted), str(known), remedy))


def _of_columns_alone(need: Need) -> bool:
    columns_alone = need.measure not in LABELLED and need != ROWS
    return columns_alone and not any(column.startswith(_OF_ROLES) for column in need.reads)


def _columns(needs: Collection[Need]) -> set[str]:
    return {column for need in needs for column in need.reads}


def merge_states(measured: Sequence[Measured], needs: Sequence[Need], places: Places) -> tuple[Kept, ...]:
    """The states of all partitions together, kept like theirs; those of a single partition are its own.

    Without any partition that has states they are of no rows: a window may be empty. Hashes are not kept together:
    they grow with the rows, and what a window asks of them is kept in their place (`distinct`).
    """
    store, parts = StateStore(places.states), [each.states for each in measured if each.states]
    if len(parts) == 1:
        return tuple(kept for kept in parts[0] if kept.need.measure != HASHES)
    keys = {
        need: identity.merged_key(need, [kept for part in parts for kept in part if kept.need == _merged_from(need)])
        for need in needs
        if need.measure != HASHES
    }
    digests = store.find(keys.values())
    if len(digests) < len(keys):
        merged = _merged(store, parts, list(keys), places)
        digests = store.put({key: merged[need] for need, key in keys.items()})
    return tuple(Kept(need, key, digests[key]) for need, key in keys.items())


def _merged_from(need: Need) -> Need:
    """What of the partitions a window's state is made of: its like, but for `distinct`, which is made of hashes."""
    return replace(need, measure=HASHES) if need.measure == DISTINCT else need


def _merged(
    store: StateStore, parts: Sequence[Sequence[Kept]], needs: Sequence[Need], places: Places
) -> dict[Need, State]:
    """The window's states: a few partitions at a time are in memory, of hashes one partition and need."""
    mergeable = {need for need in needs if need.measure != DISTINCT}
    merged = fold(
        measure_rows((), mergeable),
        (take(store, [kept for kept in part if kept.need in mergeable]) for part in parts),
    )
    for need in needs:
        if need.measure == DISTINCT:
            own = [kept for part in parts for kept in part if kept.need == _merged_from(need)]
            merged[need] = distinct.reduce((take(store, [kept])[kept.need] for kept in own), places.spool)
    return merged


def take(store: StateStore, kept: Sequence[Kept]) -> dict[Need, State]:
    """The states that were kept, by need, those of labels as of their cut-off."""
    states = store.get({each.key: each.digest for each in kept})
    return {each.need: _as_used(each, states[each.key]) for each in kept}


def _as_used(kept: Kept, state: State) -> State:
    return state if kept.cutoff is None else at_cutoff(kept.need.measure, state, kept.cutoff)
