"""Time zones from the pinned `tzdata` package, never from the machine: the same days on every machine."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from retroaudit.faults import BadInput, Fault


@cache
def zone_names() -> frozenset[str]:
    """The names that tzdata knows, such as "UTC" and "Europe/Berlin"."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises BadInput where tzdata has none."""
    if name not in zone_names():
        raise BadInput(Fault("time.zone", repr(name[:60]), "a zone of the tz database, such as Europe/Berlin"))
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
