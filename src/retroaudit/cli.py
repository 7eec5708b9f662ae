"""The command line: exit 0 done, 1 the audit's verdict is failed, 2 bad input, 3 integrity broken."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from retroaudit import __version__, console, provenance
from retroaudit.artefacts import Places, Request, Run, Sealed
from retroaudit.audit import audit
from retroaudit.demo.run import Outcome, run_demo
from retroaudit.faults import BadInput, Fault, RetroauditError
from retroaudit.intake import places, preflight, request
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.ledger.signing import Signer, load_public, load_signer, write_keys
from retroaudit.ledger.verify import Verification
from retroaudit.ledger.verify import verify as verify_ledger
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
    console.out().print(Text("✓ the spec fits the archive", style="green"))
    console.print_table(("what", "found"), ((name, value) for name, value in found.items()))


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

    with console.progress(f"{asked.spec.model} {asked.window.key}", None, quiet=as_json) as advance:
        sealed = audit(asked, where, signer, Run(datetime.now(UTC), provenance.facts()), advance)
    if as_json:
        console.print_json(sealed.summary())
    else:
        _print_sealed(sealed, store)
    if sealed.verdict == "failed":
        raise typer.Exit(1)


def _print_sealed(sealed: Sealed, store: str) -> None:
    console.out().print(Text.assemble("verdict  ", console.verdict_text(sealed.verdict)))
    console.out().print(
        f"report   {sealed.report}{'' if sealed.created else '  (sealed before: the same bytes)'}", markup=False
    )
    console.print_table(
        ("severity", "finding", "owner"),
        ((f.severity, f.message, f.owner) for f in sealed.findings),
    )
    console.out().print(f"read it  retroaudit show {sealed.report} --store {store} --html report.html", markup=False)


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
    console.print_table(
        ("report", "verdict", "findings", "sealed", "commit"),
        (
            (str(e.report), console.verdict_text(e.verdict), e.findings, f"{e.sealed_at:%Y-%m-%d %H:%M}", e.commit)
            for e in rows
        ),
    )


@app.command(epilog="Example: retroaudit show lending/2026-06-30/day/main --store file:///audits --html report.html")
def show(
    *,
    report: ReportText,
    store: Store,
    html: Annotated[Path | None, typer.Option(help="Write the page here instead.")] = None,
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
        sys.stdout.buffer.write(document + b"\n")
        return
    _print_document(parse(document))


def _print_document(document: dict[str, Any]) -> None:
    console.out().print(
        Text.assemble(document["audit"]["id"], "  ", console.verdict_text(document["summary"]["verdict"]))
    )
    console.print_table(
        ("severity", "finding", "owner"), ((f["severity"], f["message"], f["owner"]) for f in document["findings"])
    )
    console.print_table(
        ("check", "metric", "subject", "slice", "value", "low", "high", "n", "verdict"),
        (
            (
                m["check"],
                m["metric"],
                m["subject"],
                console.where(m["slice"]),
                console.number(m["value"]),
                console.number(m["low"]),
                console.number(m["high"]),
                m["n"],
                console.verdict_text(m["verdict"]),
            )
            for m in document["metrics"]
            if m["verdict"]
        ),
    )


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
    console.print_table(
        ("check", "metric", "subject", "slice", "before", "after", "verdict before", "verdict after"),
        (
            (
                c["check"],
                c["metric"],
                c["subject"],
                console.where(c["slice"]),
                console.number(c["before"]),
                console.number(c["after"]),
                console.verdict_text(c["verdict_before"]),
                console.verdict_text(c["verdict_after"]),
            )
            for c in changes["metrics"]
        ),
        title=f"{len(changes['metrics'])} of {changes['compared']} metrics differ",
    )


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
    with console.progress("verify", None, quiet=as_json) as advance:
        result = verify_ledger(storage, public, report, advance)
    if as_json:
        console.print_json(result.summary())
    else:
        _print_verification(result)
    if result.problems:
        raise typer.Exit(3)


def _print_verification(result: Verification) -> None:
    for problem in result.problems:
        console.out().print(Text.assemble(("✗ ", "red"), (console.plain(problem.object), "bold")))
        console.out().print(
            f"  expected {console.plain(problem.expected)}, found {console.plain(problem.found)}: "
            f"{console.plain(problem.meaning)}",
            markup=False,
        )
    counted = ", ".join(f"{count} {what}" for what, count in result.checked.items())
    mark = Text("✗ broken", style="bold red") if result.problems else Text("✓ intact", style="green")
    console.out().print(Text.assemble(mark, f"  checked {counted}"))
    for note in result.notes:
        console.out().print(Text(f"  note: {console.plain(note)}", style="dim"))


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
    days: Annotated[int, typer.Option(min=1, max=366, help="Nights, from 2026-04-01.")] = 91,
    rows: Annotated[int, typer.Option(min=1000, help="Decisions a day.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another archive.")] = 1,
    incidents: Annotated[
        bool, typer.Option("--incidents/--no-incidents", help="Plant the incidents, or nothing.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Build an archive with planted incidents, audit every night and the quarter, and say what was found when."""
    with console.progress("demo", None, quiet=as_json) as advance:
        outcome = run_demo(out, days=days, rows=rows, seed=seed, incidents=incidents, progress=advance)
    if as_json:
        console.print_json(outcome.summary())
    else:
        _print_outcome(outcome)
    if not outcome.as_planted:
        raise typer.Exit(1)


def _print_outcome(outcome: Outcome) -> None:
    console.print_table(
        ("planted", "nights", "first found", "missed"),
        ((row.name, _span(row.planted), row.first_found, _span(row.missed) or "none") for row in outcome.incidents),
        title=f"{len(outcome.nights)} nights and the whole window audited",
    )
    _print_verification(outcome.verification)
    good = Text("✓ found exactly what was planted", style="green")
    console.out().print(good if outcome.as_planted else Text("✗ not what was planted", style="bold red"))
    console.out().print(f"\nopen  {outcome.page}   (the whole window: {outcome.whole.report})", markup=False)
    console.out().print(f"or    retroaudit list --store {(outcome.place / 'store').absolute().as_uri()}", markup=False)


def _span(nights: tuple[int, ...]) -> str:
    """Nights in few words: "31-59, 61-91"."""
    runs: list[list[int]] = []
    for night in nights:
        if runs and night == runs[-1][-1] + 1:
            runs[-1][1:] = [night]
        else:
            runs.append([night])
    return ", ".join("-".join(map(str, run)) for run in runs)


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
