"""Keys that the spec's grammar has and that nothing honours yet: refused with their name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from retroaudit.spec.tree import Complaint, Node, find, plain, show

EVERY: tuple[object, ...] = ()

NOT_YET: Mapping[str, tuple[object, ...]] = {
    # key: the values that are not honoured; EVERY is all that says something
    "task": ("multiclass", "regression"),
    "logs.ready": EVERY,
    "attributes": EVERY,
    "columns.subject": EVERY,
    "columns.weight": EVERY,
    "columns.decision": EVERY,
    "columns.latency_ms": EVERY,
    "columns.consumer": EVERY,
    "consumers": EVERY,
    "fields": EVERY,
    "policy": EVERY,
    "schedule.month": (True,),
    "schedule.quarter": (True,),
}
_SAYS_NOTHING: Mapping[str, object] = {"consumers": [], "fields": {}}


def unsupported(tree: Node) -> Iterator[Complaint]:
    """A complaint for each key of the table that the spec uses. Null, and the default, are always allowed."""
    for key, refused in NOT_YET.items():
        path = tuple(key.split("."))
        node = find(tree, path)
        if node is None or node.value is None:
            continue
        value = plain(node)
        if refused == EVERY and value == _SAYS_NOTHING.get(key, EVERY):
            continue
        if refused == EVERY or any(value is each or value == each for each in refused):
            instead = "this key to be absent" if refused == EVERY else "the default"
            remedy = "Remove it, or set it to null."
            yield Complaint(path, f"{show(value)}, which is not supported yet", instead, remedy)
    yield from _unsupported_observations(tree)


def _unsupported_observations(tree: Node) -> Iterator[Complaint]:
    node = find(tree, ("labels", "observed_when"))
    if node is None or not isinstance(node.value, Mapping):
        return
    for key, value in node.value.items():
        if key != "prediction" and value.value is not None:
            found = f"the column {show(key)}, which is not supported yet"
            yield Complaint(("labels", "observed_when", key), found, "prediction alone", "Remove it.")
