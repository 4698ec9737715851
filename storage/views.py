"""What a manager, an analyst and an agent may see of the tables.

Definitions
-----------
===========  =====================================================  ==========================================
who          tables                                                 columns and rows
===========  =====================================================  ==========================================
``analyst``  all                                                    all, personal data included
``manager``  ``kpi_ call_ event_ rule_ run_``                       none with personal data
``agent``    ``kpi_daily``, ``kpi_weekly`` and those with an        none with personal data; own calls and own
             ``agent_id``, and ``call_ event_ rule_`` of own calls  KPIs alone, and the whole centre's
===========  =====================================================  ==========================================

Which columns hold personal data the declaration of a table says (``Field.pii``). A stored column that no declaration knows is
withheld from managers and agents: nobody has said that it is harmless. ``agent_id`` is an id and not a name; managers see it.

Edge cases
----------
A view guards what is read through it, such as dashboards and exports. It is no lock: whoever may read the store's folder reads
everything. Give managers reports and exports, not the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.dataset import Dataset

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean
from postcall.tables import TableSpec
from storage.tables import Tables

OF_ALL = ("kpi_daily", "kpi_weekly")
"""Tables of the whole centre that an agent may compare own numbers with."""


class Viewer(StrEnum):
    """Who looks."""

    MANAGER = "manager"
    ANALYST = "analyst"
    AGENT = "agent"


PREFIXES = {
    Viewer.MANAGER: ("kpi_", "call_", "event_", "rule_", "run_"),
    Viewer.ANALYST: ("stage_", "kpi_", "call_", "event_", "rule_", "run_"),
    Viewer.AGENT: ("kpi_", "call_", "event_", "rule_"),
}


_WHO = {Viewer.MANAGER: "a manager", Viewer.ANALYST: "an analyst", Viewer.AGENT: "an agent"}


@dataclass(frozen=True, slots=True)
class Views:
    """The tables of a store as one person may see them.

    Attributes
    ----------
    tables
        The store's.
    specs
        Declared tables by name.
    viewer
        Who looks.
    agent_id
        The agent who looks; needed for `Viewer.AGENT`, and for nobody else.
    """

    tables: Tables
    specs: Mapping[str, TableSpec]
    viewer: Viewer
    agent_id: str | None = None
    _opened: dict[str, Dataset] = field(default_factory=dict, repr=False, compare=False)
    """Tables that were looked at, as they were then: whatever is read through one view is of one state of a table."""

    def __post_init__(self) -> None:
        if (self.viewer is Viewer.AGENT) != bool(self.agent_id):
            raise SettingsError("the view of an agent needs an agent's id, and no other view has one", hint="--agent ID")

    def names(self) -> list[str]:
        """Stored tables that may be seen, in order of name."""
        return [name for name in self.tables.names() if self._is_open(name)]

    def columns(self, name: str) -> list[str]:
        """Columns of a table that may be seen, in stored order.

        Raises
        ------
        SettingsError
            No such table, or this view does not show it.
        StorageError
            It cannot be read.
        """
        self._check(name)
        stored = self._columns_of(name)
        if self.viewer is Viewer.ANALYST:
            return stored
        harmless = {column.name for column in self.specs[name].stored_columns if not column.field.pii}
        return [column for column in stored if column in harmless]

    def read(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        only: pc.Expression | None = None,
    ) -> pa.Table:
        """Rows that may be seen, in no particular order.

        Parameters
        ----------
        name
            Of the table.
        columns
            To read, None for all that may be seen; those that the stored table lacks are left out.
        first, last
            Business days, both included; None for no bound.
        only
            Further condition on rows.

        Raises
        ------
        SettingsError
            No such table, or this view does not show it or one of the columns.
        StorageError
            It cannot be read.
        """
        seen = self.columns(name)
        if columns is not None:
            stored = self._columns_of(name)
            if hidden := [column for column in columns if column in stored and column not in seen]:
                raise SettingsError(
                    f"{_WHO[self.viewer]} does not see {', '.join(hidden)} of table '{name}'",
                    hint="docs/exports.md says who sees what",
                )
            seen = [column for column in columns if column in seen]
        own = self._own_rows(name, first, last)
        condition = only if own is None else own if only is None else own & only
        return self.tables.scan(name, columns=seen, first=first, last=last, only=condition, dataset=self._open(name))

    def _own_rows(self, name: str, first: date | None, last: date | None) -> pc.Expression | None:
        """Condition that keeps an agent's own rows; None where every row may be seen."""
        if self.viewer is not Viewer.AGENT or name in OF_ALL:
            return None
        own = pc.field("agent_id") == self.agent_id
        if "agent_id" in self._columns_of(name):
            return own
        contacts = self._open("call_contact")
        calls = self.tables.scan("call_contact", columns=["call_id"], first=first, last=last, only=own, dataset=contacts)
        return pc.field("call_id").isin(calls["call_id"].combine_chunks())

    def _open(self, name: str) -> Dataset:
        if name not in self._opened:
            self._opened[name] = self.tables.dataset(name)
        return self._opened[name]

    def _columns_of(self, name: str) -> list[str]:
        return list(self._open(name).schema.names)

    def _is_open(self, name: str) -> bool:
        if not name.startswith(PREFIXES[self.viewer]):
            return False
        if self.viewer is Viewer.ANALYST:
            return True
        spec = self.specs.get(name)
        if spec is None:
            return False
        is_of_agents = "agent_id" in {column.name for column in spec.columns}
        return self.viewer is Viewer.MANAGER or spec.prefix != "kpi_" or name in OF_ALL or is_of_agents

    def _check(self, name: str) -> None:
        if name not in self.tables.names():
            raise SettingsError(f"no table '{name}' in this store", hint=did_you_mean(name, self.names()))
        if not self._is_open(name):
            raise SettingsError(f"{_WHO[self.viewer]} does not see table '{name}'", hint="docs/exports.md says who sees what")
