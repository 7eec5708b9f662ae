"""Bucket policies as they are rendered: who may do what, and what stays of a policy that is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.storage import roles

ARNS = {role: f"arn:aws:iam::123456789012:role/{role}" for role in roles.ROLES}
OTHER: dict[str, Any] = {"Sid": "Other", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "x"}


def rendered(prefix: str = "audits", *, days: int | None = None) -> list[Any]:
    return list(roles.statements("bucket", prefix, ARNS, days=days))


def allowed(role: str) -> set[str]:
    """The actions that a role's statements allow."""
    return {
        action
        for each in rendered()
        if each["Effect"] == "Allow" and each["Principal"] == {"AWS": ARNS[role]}
        for action in each["Action"]
    }


def test_no_role_may_delete_rule_or_pass_a_lock_by() -> None:
    for role in roles.ROLES:
        assert not [action for action in allowed(role) if "Delete" in action or "Bypass" in action or "*" in action]
        assert not [action for action in allowed(role) if action.startswith("s3:PutBucket")]
    nobody = [each for each in rendered() if each["Principal"] == "*"]
    assert {each["Effect"] for each in nobody} == {"Deny"}
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"} <= set(nobody[0]["Action"])


def test_the_auditor_may_only_look() -> None:
    assert all(action.startswith(("s3:Get", "s3:List")) for action in allowed("auditor"))
    assert {"s3:GetObjectVersion", "s3:ListBucketVersions", "s3:GetObjectRetention"} <= allowed("auditor")
    assert {"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"} <= allowed("auditor")


def test_the_log_alone_may_append_to_the_log() -> None:
    both = {f"arn:aws:s3:::bucket/audits/{folder}/*" for folder in ("reports", "blobs", "entries", ".retroaudit")}
    own = {f"arn:aws:s3:::bucket/audits/log/{folder}/*" for folder in ("commits", "tile", "anchors")}
    for role, names in {"writer": both, "log": both | own}.items():
        (puts,) = (each for each in rendered() if each["Sid"].endswith(f"{role.capitalize()}Puts"))
        assert set(puts["Resource"]) == names
        assert ("s3:PutObjectLegalHold" in puts["Action"]) == (role == "log")
        (nowhere_else,) = (each for each in rendered() if each["Sid"].endswith(f"{role.capitalize()}PutsNowhereElse"))
        assert nowhere_else["NotResource"] == puts["Resource"]


def test_rights_end_at_the_prefix() -> None:
    for each in rendered("a/b"):
        if each["Effect"] == "Allow" and "s3:GetObject" in each["Action"]:
            assert each["Resource"] == "arn:aws:s3:::bucket/a/b/*"
    assert any(each["Resource"] == "arn:aws:s3:::bucket/*" for each in rendered(""))


def test_amazon_is_asked_to_refuse_puts_without_the_condition() -> None:
    (found,) = (each for each in rendered(days=10) if each["Sid"].endswith("NobodyOverwrites"))
    assert found["Condition"] == {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    assert not any("Nobody" in each["Sid"] and "Condition" in each for each in rendered())


def test_amazon_is_asked_to_refuse_locks_of_another_mode_or_longer_than_the_buckets() -> None:
    """Rendered alone: SeaweedFS has none of these conditions. A put that asks for no lock takes the bucket's own.

    Without `Null` a negated condition holds for a key that is absent (AWS, IAM user guide, condition operators).
    """
    otherwise, longer = (each for each in rendered(days=10) if "NobodyLocks" in each["Sid"])
    assert otherwise["Condition"] == {
        "Null": {"s3:object-lock-mode": "false"},
        "StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"},
    }
    assert longer["Condition"] == {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "11"}}
    assert {each["Effect"] for each in (otherwise, longer)} == {"Deny"}


def test_a_store_that_is_the_whole_bucket_is_listed_without_a_condition() -> None:
    for prefix in ("", "audits"):
        lists = [each for each in rendered(prefix) if each["Sid"].endswith("Lists")]
        conditions = [each.get("Condition") for each in lists]
        assert conditions == [{"StringLike": {"s3:prefix": "audits/*"}} if prefix else None] * len(roles.ROLES)


def test_a_policy_is_no_longer_than_a_bucket_may_have() -> None:
    """20 KB (AWS, S3 user guide, bucket policies), with the longest names that a role and a prefix usually have."""
    arns = {role: f"arn:aws:iam::123456789012:role/{'x' * 64}{role}" for role in roles.ROLES}
    assert len(roles.document(roles.statements("b" * 63, "p" * 100, arns, days=36_500), [])) < 20_000


@given(st.text())
def test_a_hostile_name_stays_one_text(name: str) -> None:
    found = roles.statements(name, name, {"auditor": name}, days=1)
    assert [sorted(each) for each in found] == [
        sorted(each) for each in roles.statements("b", name and "p", {"auditor": "arn"}, days=1)
    ]
    assert json.loads(roles.document(found, []))["Statement"] == found


def test_what_a_policy_says_of_others_stays_and_ours_is_put_once() -> None:
    own, elsewhere = rendered(), rendered("other-tenant")
    once = json.loads(roles.document(own, [OTHER, *elsewhere]))["Statement"]
    assert json.loads(roles.document(own, once))["Statement"] == once
    assert OTHER in once
    assert len(once) == 1 + len(elsewhere) + len(own)


def test_a_policy_that_lets_everybody_in_is_known() -> None:
    assert not roles.open_to_all(rendered(days=1))
    assert roles.open_to_all([OTHER])
    assert roles.open_to_all([{**OTHER, "Principal": {"AWS": ["*"]}}])


def test_a_role_is_found_again_in_the_policy() -> None:
    assert roles.granted("audits", rendered()) == ARNS
    assert roles.granted("audits", rendered("elsewhere")) == {}
    two = [{**each, "Principal": {"AWS": ["arn:1", "arn:2"]}} for each in rendered()]
    assert roles.granted("audits", [OTHER, *two]) == {}


def test_what_a_policy_lacks_is_named_whatever_its_ids_and_lists_look_like() -> None:
    own = rendered()
    as_kept = [
        {**each, "Sid": str(position), "Resource": [each["Resource"]]}
        for position, each in enumerate(reversed(own))
        if isinstance(each.get("Resource"), str)
    ] + [each for each in own if not isinstance(each.get("Resource"), str)]
    assert roles.lacking(own, as_kept) == []
    weaker = [each for each in own if not each["Sid"].endswith("NobodyDeletes")]
    assert roles.lacking(own, weaker) == ["NobodyDeletes"]
    allowed_instead = [{**each, "Effect": "Allow"} for each in own]
    assert "AuditorNeverAlters" in roles.lacking(own, allowed_instead)


@pytest.mark.parametrize("arn", ["*", "", "writer", "arn:aws:iam::123456789012:role/*", "arn:aws:s3:::bucket", "a\n"])
def test_a_principal_that_is_not_one_is_refused(arn: str) -> None:
    with pytest.raises(BadInput, match="the ARN of one user or role"):
        roles.require_principals({"writer": arn})


def test_one_principal_in_two_roles_is_refused() -> None:
    roles.require_principals({})
    roles.require_principals(ARNS)
    with pytest.raises(BadInput, match="one principal in two roles"):
        roles.require_principals({"writer": ARNS["log"], "log": ARNS["log"]})
