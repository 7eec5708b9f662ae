"""How well the model decided, over all rows and by served version. Published without thresholds."""

from __future__ import annotations

from retroaudit.checks.metric import Metric
from retroaudit.checks.rates import published, tallies, unknowable, why_unknown
from retroaudit.measures.measure import VERSION, Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

_CELLS: tuple[str, ...] = ()


def needs(_spec: Spec) -> frozenset[Need]:
    """The confusion cells without groups: they exist even where group columns have too many values."""
    return frozenset({Need("cells", _CELLS)})


def check(spec: Spec, profile: Profile, _reference: Profile | None) -> list[Metric]:
    """Counts and rates (`checks.rates`): slice () for all rows, ("version", v) for each version served.

    Rows whose label is not known count in `n`, and in no rate but `selection_rate`. What the spec does not
    allow to be known is one skipped metric each, with the reason.
    """
    cells = profile.cells(_CELLS)
    if cells is None:
        return [Metric.skipped("performance", "n", why_unknown(profile, _CELLS))]
    unknown = unknowable(spec, profile.labels_awaited)
    metrics = list(published("performance", tallies(cells, ())[()], (), spec.confidence, unknown))
    if spec.columns.version is not None:
        for (version,), tally in tallies(cells, (VERSION,)).items():
            metrics += published("performance", tally, (("version", version),), spec.confidence, unknown)
    return metrics + [Metric.skipped("performance", metric, reason) for metric, reason in unknown.items()]
