"""Everything that is published of a day: dashboards, and pages of the calls that deserve listening.

The night ends with it. What breaks here costs its own page and never a row: the tables are whole by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.failures import where_raised
from flows.notebooks_run import FOR_READERS, publish_notebooks
from flows.pages.worst_calls import publish_calls
from flows.settings import Settings
from postcall.errors import PostCallError, StorageError

STEPS = len(FOR_READERS) + 1
"""Times that ``advance`` is called: after each dashboard, and after the pages of calls."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What was published of a day.

    Attributes
    ----------
    index
        The page to begin with; None when nothing could be published.
    dashboards, calls
        How many pages of each.
    broken
        What could not be published, and why.
    """

    index: Path | None
    dashboards: int
    calls: int
    broken: tuple[str, ...] = ()


def publish_reports(settings: Settings, day: date, *, advance: Callable[[], None] | None = None) -> Reports:
    """Publish the dashboards of a day and the pages of its calls, each whole or as it was before.

    Parameters
    ----------
    settings
        ``pages`` says where to, how many and in which language.
    day
        Business day; its tables are written.
    advance
        Called `STEPS` times.

    Raises
    ------
    StorageError
        The store cannot be read, or the folder of the reports not written.
    """
    told = advance or (lambda: None)
    index: Path | None = None
    dashboards = calls = 0
    broken: list[str] = []
    try:
        published = publish_notebooks(settings.store, day, settings.pages, advance=lambda _: told())
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001  # a defect of the reports costs the reports, not the night
        broken.append(f"the dashboards could not be published: {_why(error)}")
    else:
        index, dashboards = published.index, len(published.pages)
        broken += published.broken
    try:
        calls = len(publish_calls(settings, day))
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001
        broken.append(f"the pages of calls could not be published: {_why(error)}")
    told()
    return Reports(index, dashboards, calls, tuple(broken))


def _why(error: Exception) -> str:
    """What is wrong, without anything that a call's data could stand in."""
    return error.message if isinstance(error, PostCallError) else where_raised(error)
