"""What a row-level expectation says of one row, as Polars expressions; it means what GX 1.24's pandas engine means."""

from retroaudit.measures.predicates.columns import Unanswerable
from retroaudit.measures.predicates.table import PREDICATES, Predicate, by_row, check, conditions_of

__all__ = ["PREDICATES", "Predicate", "Unanswerable", "by_row", "check", "conditions_of"]
