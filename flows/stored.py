"""The tables that a store may hold, as they are declared; and that it does not hold what was asked for."""

from __future__ import annotations

from postcall.analyzer import discover
from postcall.errors import SettingsError
from postcall.tables import TableSpec, spec_of
from storage.runs import RUN_TABLES


class NothingStored(SettingsError):
    """What was asked for is not in the store."""


def declared_tables() -> dict[str, TableSpec]:
    """Every declared table by name, those about the nights themselves included."""
    specs = [*discover().tables.values(), *map(spec_of, RUN_TABLES)]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}
