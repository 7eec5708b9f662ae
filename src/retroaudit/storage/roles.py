"""Who may do what in a store: bucket policies for its three roles, rendered from templates."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any, Final

from retroaudit.faults import BadInput, Fault

ROLES: Final = ("writer", "log", "auditor")
Statement = Mapping[str, Any]
_PRINCIPAL: Final = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:[A-Za-z0-9_+=,.@/-]{1,512}")
_OURS: Final = "Retroaudit"
_VERSION: Final = "2012-10-17"
_SLACK: Final = 1  # days by which a lock may be longer than the bucket's own: clocks differ


def require_principals(principals: Mapping[str, str]) -> None:
    """Raise `BadInput` unless each role's principal is one user or role of its own; naming none is right too."""
    faults = [
        Fault(f"--{role}", repr(arn), "the ARN of one user or role", "Such as arn:aws:iam::123456789012:role/writer.")
        for role, arn in principals.items()
        if _PRINCIPAL.fullmatch(arn) is None
    ]
    if len(set(principals.values())) < len(principals):
        remedy = "The log role may do all that a writer may: where one principal is both, name it as --log alone."
        faults.append(Fault("roles", "one principal in two roles", "one principal for each", remedy))
    if faults:
        raise BadInput(faults)


def statements(bucket: str, prefix: str, principals: Mapping[str, str], *, days: int | None) -> Sequence[Statement]:
    """What the policy of a store must say: its roles' rights, and what nobody may do.

    `days` is the bucket's retention, on AWS: it adds conditions that other servers ignore (None): an object is only
    ever put where there is none, and no lock is of another mode or longer. A store that is the whole bucket is listed
    without a condition: not every server takes an empty prefix for one that matches.
    The statements' ids begin alike for one prefix, so that those of others are told from them.
    """
    values = {
        **principals,
        "bucket": bucket,
        "prefix": f"{prefix}/" if prefix else "",
        "days": str((days or 0) + _SLACK),
    }
    names = ["everyone", *([] if days is None else ["amazon"]), *(role for role in ROLES if role in principals)]
    own = _own(prefix)
    return [
        {**(each if prefix else _everywhere(each)), "Sid": own + each["Sid"]}
        for name in names
        for each in _filled(_template(name), values)
    ]


def document(own: Iterable[Statement], present: Iterable[Statement]) -> str:
    """The policy to put, as JSON text: what is there, ours in the place of statements of the same ids, and the rest."""
    ours = {statement["Sid"]: statement for statement in own}
    merged = [ours.pop(statement.get("Sid"), statement) for statement in present]
    return json.dumps({"Version": _VERSION, "Statement": [*merged, *ours.values()]}, sort_keys=True)


def granted(prefix: str, present: Iterable[Statement]) -> Mapping[str, str]:
    """The principals of the roles that a policy names for this prefix; those of none are left out."""
    reads = {f"{_own(prefix)}{role.capitalize()}Reads": role for role in ROLES}
    named = {reads[found["Sid"]]: found.get("Principal") for found in present if found.get("Sid") in reads}
    arns = {role: _listed(who.get("AWS")) for role, who in named.items() if isinstance(who, Mapping)}
    return {role: arn[0] for role, arn in arns.items() if len(arn) == 1}


def lacking(own: Iterable[Statement], present: Iterable[Statement]) -> Sequence[str]:
    """The ids, without their common beginning, of statements that the policy lacks or has otherwise; in their order."""
    there = {_meaning(statement) for statement in present}
    beginning = len(_own(""))
    return [statement["Sid"][beginning:] for statement in own if _meaning(statement) not in there]


def open_to_all(present: Iterable[Statement]) -> bool:
    """Whether a policy allows anything to everybody: reports are for those who are named."""
    everybody = ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return any(each.get("Effect") == "Allow" and each.get("Principal") in everybody for each in present)


def _everywhere(statement: Statement) -> Statement:
    """The statement without a condition on the prefix of a listing."""
    limited = "s3:prefix" in statement.get("Condition", {}).get("StringLike", {})
    return {name: value for name, value in statement.items() if not (limited and name == "Condition")}


def _own(prefix: str) -> str:
    return _OURS + hashlib.sha256(prefix.encode()).hexdigest()[:8]


def _template(name: str) -> Sequence[Statement]:
    text = (files("retroaudit.storage") / "policies" / f"{name}.json").read_text("utf-8")
    found: Sequence[Statement] = json.loads(text)["Statement"]
    return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Placeholders filled within texts, after the JSON is read: a hostile name stays one text."""
    if isinstance(value, str):
        return Template(value).substitute(values)
    if isinstance(value, Mapping):
        return {name: _filled(item, values) for name, item in value.items()}
    return [_filled(item, values) for item in value]


def _meaning(statement: Statement) -> str:
    """A statement's content whatever its id, and whether or not a server keeps lists of one as lists."""
    return json.dumps({name: _plain(item) for name, item in statement.items() if name != "Sid"}, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return sorted(_listed(value))


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
