"""What users do to a ledger, each as one call that is repeated after a failure, with what it acknowledges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retroaudit.ledger import commits
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import Change
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import Sealing, seal_all
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage
from tests.faults.standard import KEEPER, SUCCESSOR, Planned, hours, plan_of, report_of, sealing_of, text

_PLANS = [plan_of(report_of(day)) for day in range(4)]
_REVISED = plan_of(report_of(0, 2), "once more")
_BULK = 8192  # leaves a commit


@dataclass(frozen=True)
class Acknowledged:
    """What a caller was told: this entry stands in this commit."""

    key: str
    sha256: str
    commit: int


@dataclass(frozen=True)
class Action:
    """`prepare` brings a store to where `run` begins; `run` may be called again after it failed.

    `run` takes the hour of its clock: whoever tries again does so later.
    """

    prepare: Callable[[Storage], object]
    run: Callable[[Storage, float], Sequence[Acknowledged]]


def seal_some(storage: Storage, wanted: Sequence[Sealing], signer: Signer, hour: float) -> Sequence[Acknowledged]:
    """Seal reports in one commit."""
    receipts = seal_all(storage, wanted, signer, hours(hour))
    return [Acknowledged(each.manifest_key, each.manifest_sha256, each.commit) for each in receipts]


def plan_some(storage: Storage, planned: Sequence[Planned], hour: float) -> Sequence[Acknowledged]:
    """Record plans in one commit."""
    contents = {sha256: data for each in planned for sha256, data in each.contents.items()}
    receipts = record(storage, [each.entry for each in planned], contents, KEEPER, hours(hour))
    return [Acknowledged(each.key, each.sha256, each.commit) for each in receipts]


def unplanned(day: int) -> Sealing:
    """A report that names no plan, for logs that know none."""
    wanted = sealing_of(_PLANS[day])
    predicate = {name: value for name, value in wanted.predicate.items() if name not in {"plan", "other_plans"}}
    return replace(wanted, predicate=predicate)


def hold(number: int) -> Entry:
    """An entry that has nothing to do with any other."""
    body = Change(model="other", what="policy", before=None, after=None, by="x", reason=f"y {number}", at=text(0))
    return Entry(body)


def rival(storage: Storage, number: int = 0, hour: float = 1) -> None:
    """Somebody else's entry, put into the log by whoever keeps it just then."""
    last = head(storage)
    signer = SUCCESSOR if last and commits.read(storage, last).body.next_key == SUCCESSOR.public.keyid else KEEPER
    record(storage, [hold(-1 - number)], {}, signer, hours(hour))


def grow_to(storage: Storage, size: int) -> None:
    """A log of `size` leaves that ends with four plans; beyond 1,000 its first leaves are names without objects."""
    if not size:
        return
    record(storage, [hold(0)], {}, KEEPER, hours(0))
    few = size - 2 - len(_PLANS)
    while few > 1000:
        count = min(_BULK, few - 500)
        before = read_head(storage, KEEPER, hours(0))
        start = before.body.size if before else 0
        leaves = [Leaf(f"entries/v1/kind=hold/{start + each:064x}.dsse.json", f"{each:064x}") for each in range(count)]
        append(storage, leaves, KEEPER, before, hours(0))
        few -= count
    record(storage, [hold(each) for each in range(1, few + 1)], {}, KEEPER, hours(0))
    plan_some(storage, _PLANS, 0.5)


def seal_two(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    """Two reports whose plans are in the log."""
    return seal_some(storage, [sealing_of(each) for each in _PLANS[:2]], KEEPER, hour)


def seal_two_unplanned(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    """Two reports for a log without plans."""
    return seal_some(storage, [unplanned(0), unplanned(1)], KEEPER, hour)


def record_two(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    """Two plans with their files."""
    return plan_some(storage, [plan_of(report_of(day)) for day in (8, 9)], hour)


def hand_over(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    """A change of keys."""
    done = rotate(storage, KEEPER, SUCCESSOR, "keeper", "yearly", hours(24 * 365), hours(hour))
    return [Acknowledged(done.key, done.sha256, done.commit)]


def _first(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    return seal_some(storage, [unplanned(0)], KEEPER, hour)


def _second(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    return seal_some(storage, [sealing_of(_PLANS[1])], KEEPER, hour)


def _three(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    return seal_some(storage, [sealing_of(each) for each in _PLANS[1:]], KEEPER, hour)


def _plan(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    return plan_some(storage, [plan_of(report_of(9))], hour)


def _revise(storage: Storage, hour: float) -> Sequence[Acknowledged]:
    return seal_some(storage, [sealing_of(_REVISED, _PLANS[:1], "failed")], KEEPER, hour)


def _with_one(storage: Storage) -> None:
    grow_to(storage, 8)
    seal_some(storage, [sealing_of(_PLANS[0])], KEEPER, 1)


def _with_revision_planned(storage: Storage) -> None:
    _with_one(storage)
    plan_some(storage, [_REVISED], 1)


ACTIONS = {
    "first seal into an empty store": Action(lambda _: None, _first),
    "second seal": Action(_with_one, _second),
    "seal of a revision": Action(_with_revision_planned, _revise),
    "seal of three at once": Action(_with_one, _three),
    "record of a plan": Action(_with_one, _plan),
    "change of keys": Action(_with_one, hand_over),
}
