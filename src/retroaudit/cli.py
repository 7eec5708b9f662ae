"""The command line: exit 0 done, 1 the audit's verdict is failed, 2 bad input, 3 integrity broken."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from retroaudit import __version__, console
from retroaudit.commands import (
    anchoring,
    audits,
    demo,
    exports,
    keys,
    ledger,
    log,
    proposals,
    reports,
    review,
    states,
    stores,
    verifying,
)
from retroaudit.faults import RetroauditError

app = typer.Typer(
    name="retroaudit",
    help="Retrospective audits of machine-learning models, sealed so that an outsider can check them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for part in (proposals, audits, reports, exports, verifying, ledger, keys, demo):
    app.add_typer(part.commands)
app.add_typer(stores.commands, name="store")
app.add_typer(keys.keys, name="keys")
log.commands.add_typer(anchoring.commands)
app.add_typer(log.commands, name="ledger")
app.add_typer(states.commands, name="states")
app.add_typer(review.commands, name="review")


_INTERRUPTED, _TERMINATED = 130, 143  # 128 and the signal's number, as shells have it


def main() -> None:
    """Run the command line; every fault of ours becomes a message and an exit code."""
    as_json = "--json" in sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that temporary states are removed
    try:
        app(prog_name="retroaudit")
    except RetroauditError as error:
        console.print_faults(error.faults, as_json=as_json)
        sys.exit(error.exit_code)
    except SystemExit as error:
        if error.code in {_INTERRUPTED, _TERMINATED}:  # Typer has turned Ctrl-C into the first
            console.err().print("stopped: what is sealed stays; the same command goes on")
        raise


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"retroaudit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""
