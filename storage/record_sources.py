"""What wrote a file of call records, where it is no table: adapters of telephone systems, found by entry point.

Conventions
-----------
An adapter is a class of the entry-point group ``postcall.telephony``::

    [project.entry-points."postcall.telephony"]
    asterisk = "storage.adapters.asterisk:Asterisk"

It is a pydantic model whose fields are its options (the setting ``records.options``) and that has a method ``rows``. It makes
one row of `storage.record_schema.COLUMNS` for each call, and reads nothing into it: what the system does not know stays out.
The cells are read and checked as those of a table are, so a bad one costs its own row. Of the other columns it keeps only those
that help to understand a call, none that names a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean
from storage.record_files import Row
from storage.record_schema import TABLE

ENTRY_POINTS = "postcall.telephony"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a telephone system.

    Attributes
    ----------
    data
        All of it.
    naive_zone
        Zone of times written without one, or None.
    beside
        Gives the bytes of another file by its name, from the same folder; raises as the reading of the file itself does.
    """

    data: bytes = field(repr=False)
    naive_zone: ZoneInfo | None
    beside: Callable[[str], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SourceRows:
    """What an adapter made of a file.

    Attributes
    ----------
    rows
        One for each call, in order of the file.
    encoding
        How the file was read.
    left_out
        What is in the file and is no call of its own -> how many.
    """

    rows: Sequence[Row]
    encoding: str
    left_out: Mapping[str, int] = field(default_factory=dict)


class Adapter(Protocol):
    """Reads the files of one telephone system."""

    def rows(self, file: SourceFile) -> SourceRows:
        """Calls of a file.

        Raises
        ------
        TelephonyError
            ``empty_file`` or ``not_a_table``: nothing of the file can be used.
        SettingsError
            A file that the options name is not there.
        """


class AdapterOptions(BaseModel):
    """Base of the adapters that come with the product."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def sources() -> list[str]:
    """Names of everything that can be set as ``records.source``."""
    return [TABLE, *sorted(entry_points(group=ENTRY_POINTS).names)]


def load_adapter(source: str, options: Mapping[str, object]) -> Adapter:
    """Make an adapter.

    Raises
    ------
    SettingsError
        There is none of that name, it cannot be imported, or its options are wrong.
    """
    found = {point.value: point for point in entry_points(group=ENTRY_POINTS) if point.name == source}
    if not found:
        raise SettingsError(f"no source of call records '{source}' is installed", hint=did_you_mean(source, sources()))
    if len(found) > 1:
        raise SettingsError(
            f"several installed packages offer a source of call records '{source}'", hint="uninstall all but one"
        )
    try:
        kind = cast("Callable[..., Any]", next(iter(found.values())).load())
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"the source of call records '{source}' cannot be imported: {type(error).__name__}") from error
    try:
        return cast("Adapter", kind(**options))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden" and isinstance(kind, type) and issubclass(kind, BaseModel):
            hint = did_you_mean(key, kind.model_fields)
            raise SettingsError(f"source '{source}' has no option '{key}'", hint=hint) from error
        raise SettingsError(f"option '{key}' of source '{source}': {problem['msg'].removeprefix('Value error, ')}") from error
    except TypeError as error:
        raise SettingsError(f"the options of source '{source}' are wrong") from error
