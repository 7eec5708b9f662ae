"""Checking a store with nothing but the public key, offline, on a copy if need be.

What is found broken is a `Problem`, never an exception: whoever verifies wants the whole list.

What no check here can see by itself: the newest commits cut off *together with everything that belonged to them*, or
the whole store set back to an older state. What is left is a shorter log that was once true. Seeing that takes an
anchor outside the operator's reach: a checkpoint in a second place, with or without a time-stamp, of a size that the
log no longer has, or the auditor's own saved checkpoint. Reports whose commit alone was cut off look like those of a
crash, and are noted. An audit that never ran is seen where a due list, a plan or a heartbeat in the log promised it,
and only there.
Whoever holds the log's key can rewrite all that came after the newest anchor, and a retired key's holder too where
somebody still verifies with that key. Nor does a log show trial runs in another store, model name or window name, due
lists that were never recorded, or false data.
"""

from __future__ import annotations

from dataclasses import replace

from retroaudit.faults import RetroauditError
from retroaudit.ledger.checking.findings import Problem
from retroaudit.ledger.checking.one import verify_one
from retroaudit.ledger.checking.outcome import Head, Options, Verification
from retroaudit.ledger.checking.outside import Anchor
from retroaudit.ledger.checking.whole import verify_whole
from retroaudit.ledger.signing import PublicKey
from retroaudit.progress import Progress, silent
from retroaudit.storage.protocol import Storage

BUNDLE = "bundle.json"
__all__ = ["Anchor", "Head", "Options", "Problem", "Verification", "verify"]


def verify(
    storage: Storage,
    public_key: PublicKey,
    report: str | None = None,
    progress: Progress = silent,
    options: Options | None = None,
) -> Verification:
    """Check all that lies in the store or, with an id (without revision: the newest), one report.

    All, in one pass along the log with memory that grows by some bytes an entry: commit numbers without gaps; the
    exact bytes, signatures, time and link of every commit, and who had the right to sign it; the tree, computed anew,
    and every tile of it; each entry by hash, signature and place; each file once by sha256 and size; what the entries
    promise, held against what is there; second versions and delete markers, where the store keeps versions; locks;
    outside evidence, as far as it was given.

    One report, in a number of requests that grows with the logarithm of the log's size: the head (or the given
    checkpoint) and its key; the manifest, its right to be signed by its key, and the proof that it is below the head's
    root; its files, plan, earlier revisions and locks. What else the log holds is not looked at.

    Having checked nothing is a problem, and so is a bundle: it is no store. What was due is judged as of `options.at`,
    by default now; the outcome says which moment that was. Raises `BadInput` only for a `report` that is no id.
    """
    options = options or Options()
    if report:
        outcome = verify_one(storage, public_key, report, progress, options)
    else:
        outcome = verify_whole(storage, public_key, progress, options)
    return replace(outcome, judged_at=options.at, problems=(*_bundle(storage), *outcome.problems))


def _bundle(storage: Storage) -> tuple[Problem, ...]:
    """A bundle shows one report and is silent about all others: nobody shall take it for the store."""
    try:
        if storage.head(BUNDLE) is None:
            return ()
    except RetroauditError:  # what cannot be read is told already
        return ()
    meaning = (
        "this is a bundle of one report, or somebody put something there: to check a bundle, unpack it and run "
        "`python verify.py . --key public.pem` in its folder, with a verify.py and a key from elsewhere"
    )
    return (Problem(BUNDLE, "a store, which has none", "a bundle's index", meaning),)
