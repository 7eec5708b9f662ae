"""Evidently in a process of its own, so that its import (5 to 6 s, 300 MB) runs beside the rest of an audit.

Requests and answers are lines of JSON over the child's pipes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from retroaudit.faults import BadInput, Fault

_COMMAND = (sys.executable, "-P", "-W", "ignore", "-m", "retroaudit.report.evidently.beside")
_INSTALL = "Install it: pip install 'retroaudit[evidently]'"
_LAST = 300  # characters of what the child said last


@dataclass(frozen=True)
class Child:
    """The running process. Ask late: every question waits until Evidently is imported.

    Each method raises BadInput where Evidently is not installed, cannot be imported or fails.
    """

    process: subprocess.Popen[str]
    said: IO[str]

    def snapshot(self, document: Mapping[str, Any]) -> bytes:
        """`snapshot.snapshot`: the bytes of `evidently.json`."""
        return self._ask("snapshot", document).encode()

    def page(self, snapshot: bytes) -> str:
        """`page.page`: the HTML of a stored snapshot."""
        return self._ask("page", snapshot.decode())

    def add(self, snapshot: bytes, workspace: Path, project: str) -> str:
        """`workspace.add`: the id of the run."""
        return self._ask("add", snapshot.decode(), str(workspace.absolute()), project)

    def _ask(self, *question: Any) -> str:
        questions, answers = self.process.stdin, self.process.stdout
        if questions is None or answers is None:
            raise self._gone()
        try:
            questions.write(json.dumps(question) + "\n")
            questions.flush()
            answer = json.loads(answers.readline() or "null")
        except BrokenPipeError as error:
            raise self._gone() from error
        if answer is None:
            raise self._gone()
        if "fault" in answer:
            raise BadInput(Fault(**answer["fault"]))
        return str(answer["value"])

    def _gone(self) -> BadInput:
        self.said.seek(0)
        last = self.said.read()[-_LAST:].strip()
        return BadInput(Fault("Evidently's process", f"its end: {last or 'no word'}", "an answer"))


@contextmanager
def beside() -> Iterator[Child]:
    """Start the process; it is ended on leaving, whatever it does."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8"
        )
        try:
            yield Child(process, said)
        finally:
            process.kill()
            process.communicate()


def main() -> None:
    """Import Evidently, then answer line by line until the parent's end. What others print goes to the errors."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with suppress(Exception):  # said when it is asked for
        _load()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _load() -> tuple[Callable[[Mapping[str, Any]], bytes], Callable[[bytes], str]]:
    from retroaudit.report.evidently.page import page  # noqa: PLC0415 (Evidently, in the child alone)
    from retroaudit.report.evidently.snapshot import snapshot  # noqa: PLC0415

    return snapshot, page


def _answer(question: Sequence[Any]) -> dict[str, Any]:
    try:
        return {"value": _do(*question)}
    except ImportError as error:
        return _fault("Evidently", error, "evidently 0.7.23 with pandas < 3.1", _INSTALL)
    except Exception as error:  # noqa: BLE001 (another library's errors are of any kind)
        return _fault(f"Evidently's {question[0]}", error, "no error", "")


def _do(verb: str, *arguments: Any) -> str:
    snapshot, page = _load()
    if verb == "snapshot":
        return snapshot(*arguments).decode()
    if verb == "page":
        return page(arguments[0].encode())
    from retroaudit.report.evidently.workspace import add  # noqa: PLC0415

    return add(arguments[0].encode(), Path(arguments[1]), arguments[2])


def _fault(subject: str, error: Exception, expected: str, remedy: str) -> dict[str, Any]:
    return {"fault": asdict(Fault(subject, f"{type(error).__name__}: {error}", expected, remedy))}


if __name__ == "__main__":
    main()
