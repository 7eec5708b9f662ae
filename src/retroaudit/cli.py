"""The command line: exit 0 done, 1 the audit's verdict is failed, 2 bad input, 3 integrity broken."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import __version__, console, provenance, telling
from retroaudit.artefacts import Places, Request, Run
from retroaudit.audit import audit
from retroaudit.demo.run import run_demo
from retroaudit.faults import BadInput, Fault, RetroauditError
from retroaudit.intake import places, request
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.ledger.signing import Signer, load_public, load_signer, write_keys
from retroaudit.ledger.verify import verify as verify_ledger
from retroaudit.preflight import preflight
from retroaudit.report.canonical import parse
from retroaudit.report.compare import compare
from retroaudit.storage.open import open_storage

app = typer.Typer(
    name="retroaudit",
    help="Retrospective audits of machine-learning models, sealed so that an outsider can check them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SpecPath = Annotated[Path, typer.Argument(help="The model's spec, a YAML file.", metavar="SPEC")]
Archive = Annotated[
    str,
    typer.Option("--archive", help="Where logs lie: file:///dir or s3://bucket/prefix.", envvar="RETROAUDIT_ARCHIVE"),
]
Store = Annotated[
    str,
    typer.Option(
        "--store", help="Where reports are sealed: file:///dir or s3://bucket/prefix.", envvar="RETROAUDIT_STORE"
    ),
]
States = Annotated[
    str | None,
    typer.Option("--states", help="Where states are kept; default: a temporary directory.", envvar="RETROAUDIT_STATES"),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SigningKey = Annotated[
    Path | None, typer.Option("--key", help="signing.pem, as keygen wrote it.", envvar="RETROAUDIT_SIGNING_KEY")
]
ReportText = Annotated[str, typer.Argument(help="model/window/kind/part/rev; without rev, the newest.", metavar="ID")]


def main() -> None:
    """Run the command line; every fault of ours becomes a message and an exit code."""
    as_json = "--json" in sys.argv[1:]
    try:
        app(prog_name="retroaudit")
    except RetroauditError as error:
        console.print_faults(error.faults, as_json=as_json)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console.err().print("stopped: nothing was sealed")
        sys.exit(130)


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


@app.command(epilog="Example: retroaudit check lending.yaml --archive file:///data")
def check(
    *,
    spec: SpecPath,
    archive: Archive,
    window: Annotated[str | None, typer.Option(help="Default: the newest day in the archive.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a spec against the archive: all its faults at once, nothing is sealed."""
    found = preflight(spec, archive, window)
    if as_json:
        console.print_json(found)
        return
    telling.preflight(found)


@app.command(
    epilog="Example: retroaudit run lending.yaml --archive file:///data --store file:///audits --window 2026-06-30"
)
def run(
    *,
    spec: SpecPath,
    archive: Archive,
    store: Store,
    window: Annotated[
        str | None, typer.Option(help="2026-07-01, 2026-07, 2026-Q3 or A/B; not for a snapshot without dates.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Labels known by then; default: window's end + labels.delay.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Another reference path than the spec's.")] = None,
    part: Annotated[str, typer.Option(help="A name for this reference or candidate.")] = "main",
    states: States = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Run one audit and seal its report."""
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        _finish_run(
            request(spec, window, datetime.now(UTC), as_of=as_of, reference=reference, part=part),
            load_signer(_signing_key(key)),
            places(archive, store, states, Path(spool)),
            store=store,
            as_json=as_json,
        )


def _finish_run(asked: Request, signer: Signer, where: Places, *, store: str, as_json: bool) -> None:

    with console.progress(f"{asked.spec.model} {asked.window.key}", quiet=as_json) as advance:
        sealed = audit(asked, where, signer, Run(datetime.now(UTC), provenance.facts()), advance)
    if as_json:
        console.print_json(sealed.summary())
    else:
        document = parse(read_file(where.store, find(where.store, str(sealed.report)), "report.json"))
        telling.sealed(sealed, document, store)
    if sealed.verdict == "failed":
        raise typer.Exit(1)


@app.command("list", epilog="Example: retroaudit list --store file:///audits --model lending")
def list_reports(
    *,
    store: Store,
    model: Annotated[str | None, typer.Option(help="Only this model's reports.")] = None,
    as_json: AsJson = False,
) -> None:
    """The sealed reports, in the order in which they were sealed."""
    rows = [entry for entry in reports(open_storage(store)) if model in {None, entry.report.model}]
    if as_json:
        console.print_json([entry.summary() for entry in rows])
        return
    telling.entries(rows, store)


@app.command(epilog="Example: retroaudit show lending/2026-06-30/day/main --store file:///audits --html report.html")
def show(
    *,
    report: ReportText,
    store: Store,
    html: Annotated[Path | None, typer.Option(help="Write the page here instead.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Passed and skipped metrics too.")] = False,
    as_json: AsJson = False,
) -> None:
    """One stored report: its findings and verdicts, `report.json` with --json, the page with --html."""
    storage = open_storage(store)
    entry = find(storage, report)
    if html:
        _write_new(html, read_file(storage, entry, "report.html"))
        console.out().print(f"wrote {html}", markup=False)
        return
    document = read_file(storage, entry, "report.json")
    if as_json:
        sys.stdout.buffer.write(document)  # these very bytes were sealed: no line end is added
        return
    telling.document(parse(document), everything=everything)


@app.command(
    epilog="Example: retroaudit diff lending/2026-06-29/day/main lending/2026-06-30/day/main --store file:///audits"
)
def diff(
    *,
    before: ReportText,
    after: ReportText,
    store: Store,
    as_json: AsJson = False,
) -> None:
    """What changed between two stored reports: verdicts first, then values."""
    storage = open_storage(store)
    documents = [parse(read_file(storage, find(storage, text), "report.json")) for text in (before, after)]
    changes = compare(*documents)
    if as_json:
        console.print_json(changes)
        return
    telling.changes(changes, documents[1])


@app.command(epilog="Example: retroaudit verify --store file:///audits --key public.pem")
def verify(
    *,
    store: Store,
    key: Annotated[Path, typer.Option("--key", help="public.pem, had from somewhere else than the store.")],
    report: Annotated[str | None, typer.Argument(help="One report; default: all.", metavar="[ID]")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove offline that reports are what was sealed, and that nothing was removed, reordered or rewritten."""
    storage, public = open_storage(store), load_public(key)
    with console.progress("verify", quiet=as_json) as advance:
        result = verify_ledger(storage, public, report, advance)
    if as_json:
        console.print_json(result.summary())
    else:
        telling.verification(result)
    if result.problems:
        raise typer.Exit(3)


@app.command(epilog="Example: retroaudit keygen --out keys")
def keygen(
    *,
    out: Annotated[Path, typer.Option("--out", help="A directory; nothing in it is overwritten.")],
    as_json: AsJson = False,
) -> None:
    """Make a key pair: signing.pem stays with whoever seals, public.pem goes to whoever verifies."""
    made = write_keys(out)
    if as_json:
        console.print_json({"signing": str(made.signing), "public": str(made.public), "keyid": made.keyid})
        return
    console.out().print(
        f"wrote {made.signing}: keep it secret, and out of the store\n"
        f"wrote {made.public}: give it to auditors\n"
        f"key id {made.keyid}",
        markup=False,
    )


@app.command(epilog="Example: retroaudit demo --days 91 --out demo")
def demo(
    *,
    out: Annotated[Path, typer.Option("--out", help="A new or empty directory.")] = Path("demo"),
    days: Annotated[int, typer.Option(min=1, max=200, help="Nights, from 2026-04-01.")] = 91,
    rows: Annotated[int, typer.Option(min=1000, help="Decisions a day.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another archive.")] = 1,
    incidents: Annotated[
        bool, typer.Option("--incidents/--no-incidents", help="Plant the incidents, or nothing.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Build an archive with planted incidents, audit every night and the quarter, and say what was found when."""
    with console.progress("demo", quiet=as_json) as advance:
        outcome = run_demo(out, days=days, rows=rows, seed=seed, incidents=incidents, progress=advance)
    if as_json:
        console.print_json(outcome.summary())
    else:
        telling.outcome(outcome)
    if not outcome.as_planted:
        raise typer.Exit(1)


def _signing_key(key: Path | None) -> Path:
    if key is None:
        raise BadInput(
            Fault(
                "--key",
                "no signing key",
                "signing.pem, or its path in RETROAUDIT_SIGNING_KEY",
                "Make one with `retroaudit keygen --out keys`.",
            )
        )
    return key


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise BadInput(Fault(str(path), "a file", "a new name", "Nothing is overwritten.")) from error
    except OSError as error:
        raise BadInput(Fault(str(path), error.strerror or "an error", "a place that can be written")) from error
