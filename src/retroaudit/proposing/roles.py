"""Which column plays which role, guessed by type, name and values; each guess with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from retroaudit.proposing.evidence import FEW, Column, Evidence
from retroaudit.spec.model import ColumnType, Scalar
from retroaudit.spec.tree import show

_TIME = ("event_time", "event_timestamp", "timestamp", "decision_time", "request_time", "time", "datetime", "ts")
_ID = ("request_id", "decision_id", "event_id", "inference_id", "prediction_id", "transaction_id", "id", "uuid")
_VERSION = ("model_version", "version", "model_ver", "ml_version", "release")
_PREDICTION = ("prediction", "predicted", "y_pred", "yhat", "pred", "predicted_label", "prediction_label")
_SCORE = ("score", "y_score", "model_score", "prediction_score", "probability", "proba", "y_proba", "y_pred_proba")
_LABEL = ("label", "target", "y_true", "ground_truth", "outcome", "actual", "true_label")
_ARRIVED = ("label_time", "arrived", "arrived_at", "arrival_time", "label_timestamp", "outcome_time")
_PROTECTED = (
    *("gender", "sex", "age_band", "age_group", "age_cat", "race", "ethnicity", "ethnic_group", "nationality"),
    *("religion", "disability", "marital_status", "region", "country", "native_country"),
)
_POSITIVE = {"yes", "y", "positive", "pos", "true", "t", "default", "fraud", "churn", "approved", "accept", "accepted"}
_ID_WORDS = {"id", "uuid", "guid", "key"}
_CODE_WORDS = {"id", "code", "type", "flag", "class", "category", "status", "kind"}
_SCORE_WORDS = {"score", "prob", "proba", "probability"}
_TWO = 2
_NAMED = 5
_REPEATED = 2  # how often each category occurs on the average, at least
_RARE = 10  # rows below which a value is left out of what is listed
_CODES = 10  # different numbers up to which they may be codes, whatever their name
_CODED, _ROWS_A_CODE = 1000, 5  # different values up to which, and rows a value from which, an "id" is a code
_MOST_IN_DAY = 0.99


@dataclass(frozen=True)
class Guess:
    """A column for a role and the reason. What is not `sure` is proposed as a comment."""

    column: str
    why: str
    sure: bool = True


@dataclass(frozen=True)
class Roles:
    """The roles of the logs' columns, and what the rest may serve for.

    `features` are the kinds of columns that are left, `left_out` those that are none, with the reason; `attributes`
    are columns whose names are those of protected groups. `positive` is None where two values leave it open.
    """

    guesses: Mapping[str, Guess]
    positive: Scalar | None
    features: Mapping[str, ColumnType]
    left_out: Mapping[str, str]
    attributes: tuple[str, ...]

    def of(self, role: str) -> str | None:
        """The column of a role that is sure."""
        guess = self.guesses.get(role)
        return guess.column if guess and guess.sure else None

    @property
    def taken(self) -> dict[str, str]:
        """Role by column, of those that are sure."""
        return {guess.column: role for role, guess in self.guesses.items() if guess.sure}


def words(name: str) -> list[str]:
    """A name's words in small letters: `customerId` and `customer_id` have two."""
    return re.findall(r"[a-z]+|[0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())


def called_id(name: str) -> bool:
    """Whether a name is that of an identifier."""
    return bool(_ID_WORDS & set(words(name)[-1:]))


def is_code(column: Column) -> bool:
    """Whether what is called an id is one of a few things, such as a place: many rows have the same."""
    values = column.values
    return called_id(column.name) and bool(values) and len(values or ()) <= min(_CODED, column.held / _ROWS_A_CODE)


def guess(found: Evidence, labels: Evidence | None) -> Roles:
    """The roles of the logs' columns, with label and arrival from label files where there are some."""
    guesses: dict[str, Guess] = {}
    for role, finder in _FINDERS.items():
        taken = {each.column for each in guesses.values()}
        free = {name: column for name, column in found.columns.items() if name not in taken}
        if (role != "label" or labels is None) and (each := finder(free, found)):
            guesses[role] = each
    if labels is not None:
        guesses |= _of_labels(labels, guesses)
    positive = _positive(found, labels, guesses)
    if positive is None:  # without it neither can be read
        guesses |= {role: _open(guesses[role]) for role in ("prediction", "label") if role in guesses}
    sure = {each.column for each in guesses.values() if each.sure}
    rest = {name: column for name, column in found.columns.items() if name not in sure}
    return Roles(guesses, positive, *_features(rest), tuple(_attributes(rest)))


def _open(each: Guess) -> Guess:
    return replace(each, why=f"{each.why}; which value is positive is open: set positive beside it", sure=False)


def _of_labels(labels: Evidence, guesses: Mapping[str, Guess]) -> dict[str, Guess]:
    """Label and arrival among the columns of label files, which are joined by the logs' id."""
    id_ = guesses.get("id")
    free = {name: column for name, column in labels.columns.items() if id_ is None or name != id_.column}
    binary = [name for name, column in free.items() if _is_binary(column)]
    label = _label(free, labels)
    if label is None and len(binary) == 1:
        label = Guess(binary[0], "the only column of the label files with two values")
    if label and (id_ is None or id_.column not in labels.columns):
        label = Guess(label.column, "labels are joined by an id, and logs and labels have none in common", sure=False)
    times = {name: column for name, column in free.items() if column.kind == "time"}
    arrived = _by_name(times, _ARRIVED) or (next(iter(times)) if len(times) == 1 else None)
    found = {"label": label, "arrived": Guess(arrived, _arrival(times[arrived])) if arrived else None}
    return {role: each for role, each in found.items() if each}


def _arrival(column: Column) -> str:
    late = f"the last came {column.latest:.0f} days after its day" if column.latest is not None else "no day is known"
    return f"the time of the label files; {late}"


def _by_name(columns: Mapping[str, Column], names: tuple[str, ...]) -> str | None:
    """The column whose name, small and with `_` between words, stands first among the names."""
    spelled = {"_".join(words(name)): name for name in sorted(columns, reverse=True)}
    return next((spelled[name] for name in names if name in spelled), None)


def _time(free: Mapping[str, Column], found: Evidence) -> Guess | None:
    times = {name: column for name, column in free.items() if column.kind == "time"}
    if not found.source.dated:
        named = _by_name(times, _TIME)
        return Guess(named, "a time by its name; logs without {date} need none", sure=False) if named else None
    if not times:
        return None
    best = max(times.values(), key=lambda column: (round(column.in_day or 0, 2), -column.missing))
    alike = {n: c for n, c in times.items() if (c.in_day or 0) >= (best.in_day or 0) - 0.01}
    named = _by_name(alike, _TIME) or best.name
    share = times[named].in_day or 0
    why = f"{_percent(share)} of its times are in their partition's day"
    others = f"; so are those of {_listed(set(alike) - {named})}" if len(alike) > 1 and share >= _MOST_IN_DAY else ""
    hint = "; set time.zone where days are not those of UTC" if share < _MOST_IN_DAY else ""
    return Guess(named, f"{why}{others}{hint}")


def _id(free: Mapping[str, Column], _: Evidence) -> Guess | None:
    unique = {name: column for name, column in free.items() if column.unique and column.kind != "time"}
    called = {name: column for name, column in unique.items() if called_id(name)}
    named = _by_name(called, _ID) or next(iter(called), None)
    if named:
        missing = "" if not free[named].missing else f", but {free[named].missing:,} rows have none"
        return Guess(named, f"no value occurs twice, and its name is that of an id{missing}")
    texts = [name for name, column in unique.items() if column.kind == "text" and column.shape and not column.missing]
    if len(texts) == 1:
        return Guess(texts[0], "no value of this text occurs twice, and all have one shape")
    return None


def _version(free: Mapping[str, Column], _: Evidence) -> Guess | None:
    few = {name: column for name, column in free.items() if column.values and len(column.values) <= FEW}
    named = _by_name(few, _VERSION)
    return Guess(named, f"its name, and the values {_listed(few[named].values or {})}") if named else None


def _prediction(free: Mapping[str, Column], _: Evidence) -> Guess | None:
    named = _by_name(free, _PREDICTION)
    if named is None:
        return None
    if _is_binary(free[named]):
        return Guess(named, f"its name, and the values {_listed(free[named].values or {})}")
    return Guess(named, "its name, but it has more than two values: only binary tasks are audited", sure=False)


def _score(free: Mapping[str, Column], _: Evidence) -> Guess | None:
    shares = {name: column for name, column in free.items() if _is_share(column)}
    named = _by_name(shares, _SCORE)
    if named:
        return Guess(named, "its name, and values from 0 to 1")
    alike = [name for name in shares if _SCORE_WORDS & set(words(name))]
    if len(alike) == 1:
        return Guess(alike[0], "values from 0 to 1, and a name like a score's: is it the model's?", sure=False)
    return None


def _label(free: Mapping[str, Column], _: Evidence) -> Guess | None:
    named = _by_name({name: column for name, column in free.items() if _is_binary(column)}, _LABEL)
    return Guess(named, f"its name, and the values {_listed(free[named].values or {})}") if named else None


def _is_binary(column: Column) -> bool:
    return column.values is not None and 1 <= len(column.values) <= _TWO


def _is_share(column: Column) -> bool:
    found = column.grid
    if column.kind != "number" or column.whole or found is None or not found.n or column.infinite:
        return False
    return bool(found.low[0] >= 0 and found.high[-1] <= 1)


def _positive(found: Evidence, labels: Evidence | None, guesses: Mapping[str, Guess]) -> Scalar | None:
    """What means 1: by default 1 itself; of two words the one that says so. None where that is open."""
    sources = {"prediction": found, "label": labels or found}
    values = {
        value
        for role, source in sources.items()
        if role in guesses and guesses[role].sure
        for value in source.columns[guesses[role].column].values or ()
    }
    if values <= {"0", "1", "true", "false"}:
        return 1
    said = sorted(value for value in values if value.lower() in _POSITIVE)
    return said[0] if len(said) == 1 and len(values) == _TWO else None


_FINDERS: Mapping[str, Callable[[Mapping[str, Column], Evidence], Guess | None]] = {
    "time": _time,
    "id": _id,
    "version": _version,
    "prediction": _prediction,
    "score": _score,
    "label": _label,
}


def _features(rest: Mapping[str, Column]) -> tuple[dict[str, ColumnType], dict[str, str]]:
    """The kind of each column that may be a feature, and of the others why they are none."""
    left_out = {name: why for name, column in rest.items() if (why := _no_feature(column))}
    return {name: _type(column) for name, column in rest.items() if name not in left_out}, left_out


def _no_feature(column: Column) -> str:
    """Why a column is no feature; empty where it is one."""
    numeric, values = column.kind == "number", column.values
    many = values is None or (len(values) > FEW and len(values) * _REPEATED > column.held)
    reasons = {
        "its name would be a pattern: rename the column": "*" in column.name,
        f"it is of type {column.type}, or not the same in every file": column.kind == "other",
        "no row has a value": not column.held,
        "it is a time": column.kind == "time",
        "no value occurs twice": column.unique and not numeric,
        "its name is that of an id": called_id(column.name) and not is_code(column),
        "it is text with too many different values to be a category": many and not numeric,
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _type(column: Column) -> ColumnType:
    coded = is_closed(column) or is_code(column)
    return "numeric" if column.kind == "number" and not coded else "categorical"


def is_closed(column: Column) -> bool:
    """Whether a column's values may be listed: few; and of numbers whole ones that are codes.

    Numbers are codes by their name, or where there are ten at most and none is rare, as the ends of a count would be.
    """
    values = column.values
    if not values or len(values) > FEW or len(values) * _RARE > column.held:
        return False
    if column.kind != "number":
        return column.kind != "time"
    named = bool(_CODE_WORDS & set(words(column.name)[-1:]))
    return column.whole and (named or (len(values) <= _CODES and min(values.values()) >= _RARE))


def listed(column: Column) -> tuple[str, ...]:
    """The values that occur in ten rows or more, in the order of their text: rare ones may be a single person's."""
    return tuple(sorted(value for value, count in (column.values or {}).items() if count >= _RARE))


def _attributes(rest: Mapping[str, Column]) -> Iterator[str]:
    for name in _PROTECTED:
        column = _by_name(rest, (name,))
        if column and is_closed(rest[column]):
            yield column


def _listed(names: Mapping[str, object] | set[str]) -> str:
    """The first few, in order."""
    first = ", ".join(show(name) for name in sorted(names)[:_NAMED])
    return first if len(names) <= _NAMED else f"{first} and {len(names) - _NAMED} more"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
