"""What the commands tell people, as plain tables and lines: a module a subject, gathered here under their names."""

from retroaudit.telling.audits import backfill, explained, preflight, sealed, states_are_temporary, without_window
from retroaudit.telling.demo import outcome
from retroaudit.telling.ledger import log, recorded, replayed, verification
from retroaudit.telling.reports import changes, document, entries, exported
from retroaudit.telling.states import PRUNED, damaged, declaration, erased, holdings, removed
from retroaudit.telling.words import counted, say

__all__ = [
    "PRUNED",
    "backfill",
    "changes",
    "counted",
    "damaged",
    "declaration",
    "document",
    "entries",
    "erased",
    "explained",
    "exported",
    "holdings",
    "log",
    "outcome",
    "preflight",
    "recorded",
    "removed",
    "replayed",
    "say",
    "sealed",
    "states_are_temporary",
    "verification",
    "without_window",
]
