"""The objects that two stored reports were made of: which of them are not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
_KINDS = ("logs", "labels", "control")
_CONTENT = ("size", "sha256", "version", "checksum")


def changed_objects(before: Document, after: Document) -> list[dict[str, Any]]:
    """Each input object that one report has and the other has not, or has with other bytes, by partition and key.

    Sizes are in bytes, None where the object is not there. Two objects are the same while all that both reports say
    of their content is (size, sha256, version, checksum): what one does not say is not compared.
    """
    old, new = (dict(_objects(document["inputs"])) for document in (before, after))
    found = []
    for place in sorted(old.keys() | new.keys()):
        was, now = old.get(place), new.get(place)
        if was is None or now is None or _differ(was, now):
            partition, role, key = place
            sizes = {"size_before": was and was["size"], "size_after": now and now["size"]}
            found.append({"partition": partition, "role": role, "key": key, **sizes})
    return found


def _differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if was["sha256"] and now["sha256"]:  # of the content itself: another version of the same bytes is no other
        return bool(was["sha256"] != now["sha256"])
    both = (name for name in _CONTENT if was[name] is not None and now[name] is not None)
    return any(was[name] != now[name] for name in both)


def _objects(inputs: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    rolling = [(f"{name}/", each) for name, own in inputs["rolling"].items() for each in own["partitions"]]
    fixed = [("", inputs["reference"])] if inputs["reference"] else []
    for prefix, partition in (*(("", each) for each in inputs["partitions"]), *fixed, *rolling):
        for role in _KINDS:
            for each in partition[role]:
                yield (f"{prefix}{partition['key']}", role, each["key"]), each
