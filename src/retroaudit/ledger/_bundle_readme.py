"""The page of a bundle for somebody who never heard of retroaudit: what this is, how to check it, what it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from retroaudit.ledger import _bundle_sections as sections
from retroaudit.ledger._evidence import Evidence

_WHAT = """\
# A sealed audit report

This folder holds one report of an audit of a machine-learning model, and all that is needed to check that it is the
report that was sealed, offline and without trusting whoever gave it to you. A program called retroaudit made it. It
keeps reports in a log that can only grow: each is named by its hash and signed, and the log's own hash (its *root*)
covers all of them. Whoever changes, swaps or removes anything afterwards changes that root.

"""

_HOW = """
## How to check it

If this came as a zip, unpack it first, and work in the folder. You need Python 3.11 or newer and one package, in any
environment of yours:

    python -m pip install cryptography
    python verify.py . --key public.pem

`verify.py` prints what it checked, and ends with exit code 0 only where everything holds.

**Do this as well**, for whoever made this folder chose every file in it. `public.pem`, this page and `verify.py`
are vouched for by nobody: no signature covers them, and a false `verify.py` says what it likes.

- Compare the id of the key with the one that you were given *by another way* (a contract, a letter, the operator's web
  page). Better still, give `--key` the file that you have from there. The id of `public.pem` is

      {keyid}

- Take `verify.py` from a release of retroaudit, or compare its SHA-256 with the one published there. Here it is

      {verifier}

"""

_CHECKS = """
## What the checks mean

- *Signatures*: this report, every revision of it and every plan below was signed by a key of the log, at its turn.
- *Proofs*: each of them stands in the log under one root, at one place, and that root is signed (the *checkpoint*).
- *Files*: every file of the report has the SHA-256 and size that were signed.
- *Plan first*: the plan, which says what would be tested and how, stood in the log before the report did. The report
  names every other plan that stood there before its own: nobody can try many tests here, under this model and window
  name, and show one in silence.
- *Revisions*: they are 1, 2, … without a gap, so that none can be left out before the newest shown.
- *Keys*: each key was named by the one before it, and agreed.

## What is NOT proven

- **What the data were like before** they were read. `inputs.json` says which files were read, with their digests;
  ask the operator for them, and compare. That they are true and complete, no hash can say.
- **That the operator told the truth**: a key's holder can sign what is false. What was sealed cannot be changed later,
  which is another thing. Where you have the data, `retroaudit replay` makes the report again.
- **When** anything happened. Times are claims of the log's keeper. A time-stamp by a third party in `anchors/` would be
  evidence; `verify.py` only names such files, and does not check them.
- **That nothing was tried elsewhere**: in another store, or under another name of the model or the window.
- **That nothing is missing**: other reports, plans or decisions of this model that the operator did not put into this
  folder, and audits that were due and never ran. That takes the whole store: `retroaudit verify`.
- **That everybody is shown the same log**. Compare the checkpoint's root below with one that somebody else keeps.

"""


def readme(found: Evidence, files: Mapping[str, bytes]) -> str:
    """The page; `files` are the bundle's other files. Text from data is shown as text, whatever it holds."""
    how = _HOW.format(keyid=found.public.keyid, verifier=hashlib.sha256(files["verify.py"]).hexdigest())
    stamps = sum(name.startswith("anchors/") for name in files)
    parts = (
        _WHAT,
        sections.report(found),
        how,
        _CHECKS,
        sections.plans(found),
        sections.revisions(found),
        sections.notes(found),
        sections.log(found, stamps),
    )
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)
