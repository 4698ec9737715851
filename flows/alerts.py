"""Alerts: a KPI, or the night itself, that leaves its band is told to people, once.

Conventions
-----------
Bands stand in a file of their own, since whom to wake is neither a measure's meaning nor a machine's setting::

    [send]
    folder = "alerts"                        # one .eml file for each alert, for a mail program that sends what lies there
    to = "quality@centre.example"
    webhook = "http://127.0.0.1:9000/alert"  # this machine alone: nothing leaves it but by what you run behind it

    [[band]]
    name = "calls without hold"
    table = "kpi_daily"
    column = "no_hold_share"
    minimum = 0.95

    [[band]]
    name = "put aside"
    table = "run_night"
    column = "quarantined"
    per = "calls"                            # the share of the one column in the other
    maximum = 0.05

Definition
----------
Every row of the day's table is compared. An unknown value is outside its band only with ``must_be_known``. A day without a
row in ``run_night`` did not run to its end: that is an alert by itself. The same alert with the same value is sent once
(``alerts-sent.jsonl`` in the store); a night that is run again and brings another value sends another one.

Edge cases
----------
Only numbers of ``kpi_`` tables and of ``run_night`` can have bands, and only columns without personal data are named in an
alert. What cannot be sent is not noted as sent, and is tried again the next time.
"""

from __future__ import annotations

import ipaddress
import json
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from flows.report import declared_tables
from postcall.analyzer import discover
from postcall.errors import SettingsError, StorageError
from postcall.nearest import did_you_mean
from postcall.tables import TableSpec
from storage.artifacts import digest
from storage.tables import Tables

SENT = "alerts-sent.jsonl"
WEBHOOK_TIMEOUT_S = 10.0
NOT_RUN = "night"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Band(_Section):
    """Where a number should lie."""

    name: str = Field(min_length=1, max_length=80)
    table: str
    column: str
    per: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    must_be_known: bool = False

    @model_validator(mode="after")
    def _has_an_edge(self) -> Band:
        if self.minimum is None and self.maximum is None and not self.must_be_known:
            raise ValueError("needs a minimum, a maximum or must_be_known")
        return self


class Send(_Section):
    """Where alerts go."""

    folder: Path | None = None
    to: str = "postcall"
    webhook: str | None = None

    @field_validator("webhook")
    @classmethod
    def _stays_here(cls, address: str | None) -> str | None:
        if address is None:
            return None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or ""):
            raise ValueError("must be an address of this machine, like http://127.0.0.1:9000/alert: nothing leaves it")
        return address

    @field_validator("to")
    @classmethod
    def _one_line(cls, to: str) -> str:
        if any(ord(sign) < 32 for sign in to):
            raise ValueError("must be one line")
        return to


class AlertRules(_Section):
    """The alerts file."""

    send: Send = Send()
    band: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """A number outside its band.

    Attributes
    ----------
    name, night, table, column
        Of the band, and the business day.
    value, minimum, maximum
        The number, None for not known, and its band.
    row
        Which row of the table it is: column -> value, e.g. the queue.
    """

    name: str
    night: str
    table: str
    column: str
    value: float | None
    minimum: float | None = None
    maximum: float | None = None
    row: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """One line for people."""
        if self.name == NOT_RUN:
            return f"{self.night}: the night did not run to its end"
        where = "".join(f", {column} {value}" for column, value in self.row.items())
        if self.value is None:
            return f"{self.night}: {self.name} is not known{where}"
        edge = (
            f"below {self.minimum:g}" if self.minimum is not None and self.value < self.minimum else f"above {self.maximum:g}"
        )
        return f"{self.night}: {self.name} is {self.value:.4g}, {edge}{where}"

    @property
    def id(self) -> str:
        """The same alert with the same value has the same one."""
        return digest(asdict(self))


def load_rules(path: Path) -> AlertRules:
    """The alerts file; relative folders in it count from where it lies.

    Raises
    ------
    SettingsError
        It is not there or wrong.
    """
    try:
        rules = AlertRules(**tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError as error:
        raise SettingsError(f"no alerts file '{path}'", hint="docs/operations.md shows one to start from") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"alerts file '{path}' cannot be read: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise SettingsError(f"alerts file, {key}: {problem['msg'].removeprefix('Value error, ')}") from error
    if rules.send.folder is not None:
        rules = rules.model_copy(update={"send": rules.send.model_copy(update={"folder": path.parent / rules.send.folder})})
    specs = declared_tables(discover())
    for band in rules.band:
        _check(band, specs)
    return rules


def alerts_of(store: Path, day: date, rules: AlertRules) -> list[Alert]:
    """Everything outside its band on a day.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    tables = Tables(store)
    if "run_night" not in tables.names() or not tables.read("run_night", day).num_rows:
        return [Alert(NOT_RUN, day.isoformat(), "run_night", NOT_RUN, None)]
    specs = declared_tables(discover())
    found = []
    for band in rules.band:
        spec = specs[band.table]
        rows = tables.read(band.table, day).to_pylist() if band.table in tables.names() else []
        told = [column.name for column in spec.columns if column.name in spec.primary_key and not column.field.pii]
        for row in rows:
            value = _value(row, band)
            if _is_outside(value, band):
                which = {name: str(row[name]) for name in told if name != "night"}
                alert = Alert(band.name, day.isoformat(), band.table, band.column, value, band.minimum, band.maximum, which)
                found.append(alert)
    return sorted(found, key=lambda alert: alert.message)


def send(store: Path, alerts: list[Alert], rules: AlertRules) -> list[Alert]:
    """Send what was not sent before; gives what was sent.

    Raises
    ------
    StorageError
        It cannot be sent; what was sent before that is noted.
    """
    known = _sent(store / SENT)
    sent = []
    for alert in alerts:
        if alert.id in known:
            continue
        if rules.send.folder is not None:
            _write_mail(rules.send.folder, rules.send.to, alert)
        if rules.send.webhook is not None:
            _post(rules.send.webhook, alert)
        try:
            with (store / SENT).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"night": alert.night, "alert": alert.id}) + "\n")
        except OSError as error:
            raise StorageError(f"cannot note in the store what was sent: {error.strerror}", hint="is the disk full?") from error
        sent.append(alert)
    return sent


def payload(alert: Alert) -> dict[str, Any]:
    """What a webhook gets."""
    return {"product": "postcall", "id": alert.id, "message": alert.message, **asdict(alert)}


def _check(band: Band, specs: Mapping[str, TableSpec]) -> None:
    allowed = {name: spec for name, spec in specs.items() if spec.prefix == "kpi_" or name == "run_night"}
    if band.table not in allowed:
        what = f"alert '{band.name}': table '{band.table}' can have no band"
        raise SettingsError(what, hint=did_you_mean(band.table, allowed))
    numbers = {c.name for c in allowed[band.table].columns if c.kind in (int, float) and not c.field.pii}
    for column in filter(None, (band.column, band.per)):
        if column not in numbers:
            what = f"alert '{band.name}': '{column}' is no number of {band.table}"
            raise SettingsError(what, hint=did_you_mean(column, numbers))


def _value(row: Mapping[str, Any], band: Band) -> float | None:
    value, whole = row[band.column], row[band.per] if band.per else 1
    return value / whole if value is not None and whole else None


def _is_outside(value: float | None, band: Band) -> bool:
    if value is None:
        return band.must_be_known
    is_low = band.minimum is not None and value < band.minimum
    return is_low or (band.maximum is not None and value > band.maximum)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sent(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    known = set()
    for line in lines:
        try:
            known.add(str(json.loads(line)["alert"]))
        except (ValueError, TypeError, LookupError):
            continue  # the end of a line that a killed run began: sent perhaps, noted not
    return known


def _write_mail(folder: Path, to: str, alert: Alert) -> None:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = to, f"postcall {alert.message}"
    mail["X-Postcall-Alert"] = alert.id
    mail.set_content(f"{alert.message}\n\n`postcall report --date {alert.night}` prints the night's report.\n")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside its place and renamed: a mail program never takes half of one.
        beside = folder / f".{alert.id}.{os.getpid()}.part"
        beside.write_bytes(mail.as_bytes())
        beside.replace(folder / f"{alert.night}-{alert.id}.eml")
    except OSError as error:
        raise StorageError(f"cannot write an alert: {error.strerror}", hint="the folder of alerts must be writable") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead away from this machine."""

    def redirect_request(self, *args: object) -> None:
        return None


def _post(address: str, alert: Alert) -> None:
    body = json.dumps(payload(alert), ensure_ascii=False).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=WEBHOOK_TIMEOUT_S):
            pass
    except (urllib.error.URLError, OSError) as error:
        raise StorageError(f"the webhook did not take an alert: {type(error).__name__}", hint="is it running?") from error
