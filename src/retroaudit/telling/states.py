"""The state store: what it holds, and what goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from retroaudit import console
from retroaudit.retention import Holding
from retroaudit.telling.words import say, some

PRUNED = (
    "What goes is measured again where an audit needs it, while the archive has the rows.",
    "Until then, reports that were made of it can be replayed from rows, not from states.",
)
_ERASED = (
    "All merged states and artefacts of tasks go with it: any of them may hold values of these partitions.",
    "Reports and the archive are not touched. While the archive has the rows, an audit would measure them again.",
    "States of all that these partitions ever held, as reports of this store name it, go together.",
)


def erased(entries: Sequence[str], *, by_key: bool) -> tuple[str, ...]:
    """What erasing states means, and whether the ledger declares it: in these entries, or later."""
    return (*_ERASED, *declaration(entries, by_key=by_key))


def declaration(entries: Sequence[str], *, by_key: bool) -> tuple[str, ...]:
    """Whether the ledger declares an erasure; `by_key` says whether somebody named a signing key."""
    if entries:
        return tuple(f"The ledger declares it: {key}" for key in entries)
    if by_key:
        return ("With --yes, the ledger declares it.",)
    return ("The ledger does not declare it: name a signing key (--key), --by and --reason.",)


def holdings(found: Sequence[Holding]) -> None:
    """What a state store holds, by kind and in all."""
    names = ("kind", "objects", "size", "contents", "oldest", "newest")
    console.print_table(names, [_holding(each) for each in found])
    say(f"{_objects(found)} in all; contents are partitions' contents, or what was merged")


def _holding(each: Holding) -> tuple[object, ...]:
    times = (f"{moment:%Y-%m-%d %H:%M}Z" for moment in (each.oldest, each.newest))
    return (each.kind, f"{each.objects:,}", console.size(each.bytes), each.contents or None, *times)


def _objects(found: Iterable[Holding]) -> str:
    counts = [(each.objects, each.bytes) for each in found]
    objects, size = sum(count for count, _ in counts), sum(size for _, size in counts)
    return f"{objects:,} object{'' if objects == 1 else 's'}, {console.size(size)}"


def damaged(keys: Sequence[str] | None, url: str) -> None:
    """The damaged states, if they were looked for; they are measured again where they are needed."""
    if keys is None:
        return
    if not keys:
        console.out().print(Text("✓ no state is damaged", style="green"))
        return
    console.out().print(Text(f"✗ {len(keys)} damaged: they count as absent, and are measured again", style="yellow"))
    say(f"  {some(keys)}")
    say(f"remove them: retroaudit states prune --damaged --states {url} --yes")


def removed(found: Sequence[Holding], about: Mapping[str, Any], cost: Sequence[str], *, yes: bool) -> None:
    """What went, or would go, and what that means."""
    if about:
        say(f"{about['report']}: {some(about['partitions']) or 'no partitions'}")
    if not found:
        say("nothing to remove")
        return
    console.print_table(("kind", "objects", "size", "contents", "oldest", "newest"), [_holding(each) for each in found])
    say(f"{_objects(found)} {'were removed' if yes else 'would go'}")
    for line in cost:
        say(line)
    if not yes:
        say("this was a dry run: nothing was removed. Add --yes to do it.")
