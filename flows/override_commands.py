"""``postcall standards overrides``: what people say of the rules' results, handed in, compared, and asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from postcall.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.overrides import Checked
    from flows.settings import Settings
    from postcall.conduct.manual import Manual
    from postcall.conduct.overrides import Agreement
    from storage.tables import Tables

app = typer.Typer(
    name="overrides", help="What people say of rules' results: hand it in, compare it, draw a sample.", no_args_is_help=True
)

LOG_WIDTH = 120
MOST_SHOWN = 40

Store = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given.")
]
ManualOption = Annotated[str | None, typer.Option("--manual", metavar="ID", help="Only rules of this manual.")]
Since = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only reviews from this day on.")
]


@app.command(
    "import",
    epilog="Columns: call_id, rule_id, result (pass, fail, not_applicable, not_measurable), reviewer, reviewed_at, and, where "
    "wanted, manual and comment. Ends with 2 when a line is wrong and nothing was written.",
)
def import_reviews(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", metavar="", help="Leave wrong lines out and take the others.")
    ] = False,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Hand in reviews. They are kept beside the automatic results and never change them."""
    from flows.equipment import policy_sections
    from flows.overrides import check_file, read_file, store_reviews
    from postcall.analyzer import discover
    from postcall.policy import load_policy
    from storage.record_schema import zone_of
    from storage.tables import Tables

    chosen = _settings(settings, store)
    policies = load_policy(chosen.policy, policy_sections(discover()))
    rows = read_file(file)
    zone = zone_of(chosen.records.time_zone)
    rules = {rule.id: manual.id for manual in _manuals(chosen) for rule in manual.rules}
    checked = check_file(rows, Tables(chosen.store), rules, zone, dt.datetime.now(dt.UTC))
    console = _console()
    _print_problems(console, checked)
    bad = len(checked.problems)
    if bad and not skip_bad:
        raise SettingsError(
            f"{_count(bad, 'line')} of {checked.lines} in '{file.name}' cannot be taken",
            hint="mend them and run again, or leave them out with --skip-bad",
        )
    done = store_reviews(chosen.store, checked.reviews, policies.digest)
    parts = [f"{done.new} new", f"{done.replaced} in place of older ones", f"{done.unchanged} there already"]
    if done.older:
        parts.append(f"{done.older} left out, as a later one by the same person is there")
    console.print(f"Reviews: {', '.join(parts)}.", highlight=False)
    if checked.without_result:
        console.print(f"{_count(checked.without_result, 'line')} without a result passed over.", highlight=False)
    if bad:
        console.print(f"[yellow]{_count(bad, 'wrong line')} left out.[/yellow]", highlight=False)


@app.command()
def agreement(
    since: Since = None,
    manual: ManualOption = None,
    fewest: Annotated[int, typer.Option(min=1, metavar="N", help="Reviews below which nothing is said of a rule.")] = 30,
    least_kappa: Annotated[
        float, typer.Option(min=0, max=1, metavar="KAPPA", help="Below it a rule is not to be trusted.")
    ] = 0.6,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Show for each rule how far its results and people's reviews agree."""
    from flows.overrides import reviewed
    from postcall.conduct.overrides import agreements
    from storage.record_schema import zone_of
    from storage.tables import Tables

    chosen = _settings(settings, store)
    zone = zone_of(chosen.records.time_zone)
    reviews = reviewed(Tables(chosen.store), since=since.date() if since else None, manual=manual, zone=zone)
    console = _console()
    if not reviews:
        console.print(
            "There are no such reviews yet. `postcall standards overrides sample` draws results to review.", highlight=False
        )
        return
    found = agreements(reviews, fewest=fewest, least_kappa=least_kappa)
    console.print(_agreements(found))
    console.print(
        "P and F: passed and failed, first by the rule, then by the person; other: one of them said not applicable or not "
        "measurable.\nKappa is agreement beyond chance, over all four outcomes, with its 95 % interval.",
        style="dim",
        highlight=False,
    )
    _print_summary(console, found, fewest, least_kappa)


@app.command()
def sample(
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="File to write.")],
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, metavar="N", help="Most results to draw.")] = 50,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Another number draws others; the same the same.")] = 1,
    first: Annotated[
        dt.datetime | None,
        typer.Option(
            "--since", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First business day; four weeks when not given."
        ),
    ] = None,
    manual: ManualOption = None,
    rule: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this rule; may be repeated.")] = None,
    server: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where `postcall serve` answers, for the links to the pages.")
    ] = "http://127.0.0.1:8075",
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Draw results for people to review, alike from every rule and outcome. The file has no word of a call."""
    from flows.override_sample import sample_results, write_sample
    from flows.overrides import RESULTS
    from flows.stored import NothingStored
    from postcall.nearest import did_you_mean
    from storage.tables import Tables

    chosen = _settings(settings, store)
    tables = Tables(chosen.store)
    if RESULTS not in tables.names():
        raise NothingStored("no rule judged a call in this store yet", hint="`postcall nightly` judges a day's calls")
    rules = {one.id: one for of in _manuals(chosen) for one in of.rules}
    if unknown := [one for one in rule or () if one not in rules]:
        raise SettingsError(f"no rule '{unknown[0]}'", hint=did_you_mean(unknown[0], rules))
    manuals = {of.id for of in _manuals(chosen)}
    if manual is not None and manual not in manuals:
        raise SettingsError(f"no manual '{manual}'", hint=did_you_mean(manual, manuals))
    begins = first.date() if first else _weeks_ago(tables, 4)
    drawn = sample_results(tables, n, seed=seed, first=begins, manual=manual, rules=rule or ())
    write_sample(drawn, out, titles={key: one.title for key, one in rules.items()}, server=server)
    console = _console()
    counted = f"{_count(len(drawn), 'result')} of {_count(drawn['rule_id'].nunique(), 'rule')}"
    console.print(f"{counted}: {escape(str(out))}", highlight=False, soft_wrap=True)
    console.print(
        "Fill in result, reviewer and reviewed_at, then `postcall standards overrides import FILE`.",
        style="dim",
        highlight=False,
    )


def _weeks_ago(tables: Tables, weeks: int) -> dt.date | None:
    """First day of the newest stored weeks; None for none."""
    from flows.override_sample import judged_days

    days = judged_days(tables)
    return max(days) - dt.timedelta(days=7 * weeks - 1) if days else None


def _print_problems(console: Console, checked: Checked) -> None:
    if not checked.problems:
        return
    shown = Table(box=box.SIMPLE_HEAD, title="Lines that cannot be taken", title_justify="left", title_style="bold yellow")
    shown.add_column("line", justify="right")
    shown.add_column("what is wrong")
    shown.add_column("hint")
    for problem in checked.problems[:MOST_SHOWN]:
        shown.add_row(str(problem.line), escape(problem.what), escape(problem.hint))
    console.print(shown)
    if len(checked.problems) > MOST_SHOWN:
        console.print(f"… and {len(checked.problems) - MOST_SHOWN} more.", highlight=False)
    unknown = list(dict.fromkeys(one.unknown_call for one in checked.problems if one.unknown_call is not None))
    if unknown:
        console.print(f"Calls that are not in the store: {escape(', '.join(unknown))}", highlight=False, soft_wrap=True)


def _agreements(found: Sequence[Agreement]) -> Table:
    from postcall.conduct.overrides import DO_NOT_TRUST, TOO_FEW, TRUST

    styles = {TRUST: "green", DO_NOT_TRUST: "bold red", TOO_FEW: "yellow"}
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("rule", no_wrap=True)
    for title in ("n", "agree", "kappa", "95 % interval", "PP", "PF", "FP", "FF", "other"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for one in found:
        share = "–" if one.agreed_share is None else f"{one.agreed_share:.0%}"
        kappa = "–" if one.kappa is None else f"{one.kappa:.2f}"
        interval = "–" if one.low is None or one.high is None else f"{one.low:.2f} to {one.high:.2f}"
        (pp, pf, *_), (fp, ff, *_), *_ = one.counts
        style = styles.get(one.verdict, "default")
        cells = [str(one.n), share, kappa, interval, *map(str, (pp, pf, fp, ff, one.n - pp - pf - fp - ff))]
        shown.add_row(one.rule_id, *cells, f"[{style}]{one.verdict}[/{style}]")
    return shown


def _print_summary(console: Console, found: Sequence[Agreement], fewest: int, least_kappa: float) -> None:
    from postcall.conduct.overrides import DO_NOT_TRUST, TOO_FEW

    doubtful = [one.rule_id for one in found if one.verdict == DO_NOT_TRUST]
    few = [one.rule_id for one in found if one.verdict == TOO_FEW]
    gone = sum(one.gone for one in found)
    if doubtful:
        console.print(
            f"[bold red]Do not trust[/bold red] (kappa below {least_kappa:g}): {', '.join(doubtful)}",
            highlight=False,
            soft_wrap=True,
        )
    if few:
        console.print(f"Fewer than {_count(fewest, 'review')}: {', '.join(few)}", highlight=False, soft_wrap=True)
    if gone:
        console.print(f"{_count(gone, 'review')} of results that are no longer stored, not compared.", highlight=False)


def _manuals(settings: Settings) -> tuple[Manual, ...]:
    from standards import load_manual, manual_ids

    return tuple(load_manual(name) for name in (manual_ids() if settings.manuals is None else settings.manuals))


def _settings(path: Path | None, store: Path | None) -> Settings:
    from flows.settings import load_settings

    return load_settings(path, store=store)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)
