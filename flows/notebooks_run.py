"""Notebooks, run for a store and a day, and published as pages.

Conventions
-----------
A notebook has one cell tagged ``parameters``; the values of a run come in a cell behind it, as papermill does it. nbclient runs
it in a kernel of this Python. What a notebook prints, and where it breaks, stays here: a cell's traceback may quote a call, so
of a broken notebook only its name, the cell's number and the kind of error are told. It costs its own page, and no other.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from flows.dashboards.page import page_of
from flows.dashboards.wording import Words
from flows.pages.publish import DayPages, publish_day, reports_folder
from flows.pages.settings import PageSettings
from postcall.errors import PostCallError, SettingsError
from postcall.nearest import did_you_mean

DAYS = 28
"""Length of the period that pages show."""
TIMEOUT_S = 600
FOLDER = Path(str(files("notebooks")))


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of a day.

    Attributes
    ----------
    index
        Its first page.
    pages
        Pages of notebooks.
    broken
        Notebooks that broke, and why.
    """

    index: Path
    pages: tuple[Path, ...]
    broken: tuple[str, ...]


class NotebookBroke(PostCallError):
    """A notebook did not run to its end."""

    code = "notebook"


def notebooks() -> list[Path]:
    """Notebooks that come along, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


def checked_names(names: Sequence[str]) -> list[str]:
    """Names of notebooks, as they were asked for.

    Raises
    ------
    SettingsError
        There is no such notebook.
    """
    known = [path.stem for path in notebooks()]
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no notebook '{name}'", hint=did_you_mean(name, known))
    return list(names)


def run_notebook(path: Path, **parameters: Any) -> NotebookNode:
    """The notebook with the outputs of a run.

    Parameters
    ----------
    path
        Of the notebook; it stays as it is.
    parameters
        Values for the names of its cell ``parameters``; text, numbers and flags.

    Raises
    ------
    NotebookBroke
        A cell raised, or took too long.
    ValueError
        It has no such parameter.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    place = next(number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ()))
    known = {line.split("=", 1)[0].strip() for line in notebook.cells[place].source.splitlines() if "=" in line}
    if unknown := set(parameters) - known:
        raise ValueError(f"notebook '{path.stem}' has no parameter {', '.join(sorted(unknown))}")
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(place + 1, _cell(given))
    with tempfile.TemporaryDirectory(prefix="postcall-kernel-") as sockets, _quiet_kernel():
        # Sockets in a folder of this user alone: numbers and ids of calls go through no port that others could listen to.
        # The kernel holds nothing that it would have to put away, so it need not be asked to end.
        private = Config({"KernelManager": {"transport": "ipc", "ip": str(Path(sockets) / "k")}})
        beside = {"metadata": {"path": str(path.parent)}}
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=TIMEOUT_S,
            resources=beside,
            config=private,
            store_widget_state=False,
            shutdown_kernel="immediate",
        )
        return _executed(client, notebook, path)


def _executed(client: NotebookClient, notebook: NotebookNode, path: Path) -> NotebookNode:
    try:
        return client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        number, kind = _where(notebook, error)
        raise NotebookBroke(
            f"notebook '{path.stem}' broke in cell {number}: {kind}",
            hint=f"open {path.name} in Jupyter and run it on this store to see where",
        ) from None


def _cell(source: str) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})  # type: ignore[no-untyped-call]
    return made


class _quiet_kernel:  # noqa: N801  # reads as a function
    """The environment in which a kernel starts: this Python, no warnings of its debugger."""

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in ("PYDEVD_DISABLE_FILE_VALIDATION", "PYTHONPATH")}
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        os.environ["PYTHONPATH"] = os.pathsep.join([path for path in sys.path if path])

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _where(notebook: NotebookNode, error: Exception) -> tuple[int, str]:
    """Number of the cell that broke, and the kind of error; never what it says."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                return number, str(output.ename)
    return 0, type(error).__name__


def notebook_page(path: Path, store: Path, day: date, language: str, days: int = DAYS) -> tuple[str, str]:
    """Title and HTML of a notebook's page.

    Raises
    ------
    NotebookBroke
        It did not run to its end.
    """
    words = Words(language)
    parameters = {"store": str(store.resolve()), "date": day.isoformat(), "days": days, "language": language}
    run = run_notebook(path, **parameters, is_published=True)
    html = page_of(run.cells, words)
    return words.get(f"titles.{TITLES[path.stem]}"), html


TITLES = {
    "01_daily_overview": "overview",
    "02_hold_and_silence": "hold_and_silence",
    "03_agent_scorecard": "agents",
    "04_standards": "standards",
    "05_data_quality": "data_quality",
    "06_extend_an_analyzer": "extend",
}
"""Notebook -> its title among the dashboards' words."""

FOR_READERS = ("01_daily_overview", "02_hold_and_silence", "03_agent_scorecard", "04_standards", "05_data_quality")
"""Notebooks that are published; the last one is for whoever adds measures."""


def publish_notebooks(
    store: Path,
    day: date,
    pages: PageSettings,
    *,
    days: int = DAYS,
    names: Sequence[str] = FOR_READERS,
    advance: Callable[[str], None] | None = None,
) -> Published:
    """Run the notebooks and publish their pages in the day's folder, all at once.

    Parameters
    ----------
    store
        Folder of the tables.
    day
        Last day of the period.
    pages
        Language and folder of the reports.
    days
        Length of the period.
    names
        Notebooks to publish.
    advance
        Called with the name of each notebook before it runs.

    Raises
    ------
    StorageError
        The store cannot be read, or the reports not written.
    """
    folder = reports_folder(store, pages)
    made: list[tuple[str, str, str]] = []
    broken: list[str] = []
    for path in [one for one in notebooks() if one.stem in names]:
        if advance is not None:
            advance(path.stem)
        try:
            title, html = notebook_page(path, store, day, pages.language, days)
        except NotebookBroke as error:
            broken.append(error.message)
        else:
            made.append((path.stem, html, title))
    written: list[Path] = []
    with publish_day(folder, day, Words(pages.language).labels) as publication:
        written += _add_all(publication, made)
    place = folder / day.isoformat()
    return Published(place / "index.html", tuple(place / path.name for path in written), tuple(broken))


def _add_all(publication: DayPages, made: Sequence[tuple[str, str, str]]) -> list[Path]:
    return [publication.add_report(name, html, title) for name, html, title in made]
