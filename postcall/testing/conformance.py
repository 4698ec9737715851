"""What every analyzer must hold to, checked over the registry: an author's own test is only a drawn timeline.

Run it on one analyzer with `check_analyzer`, or parametrise over ``discover().analyzers``.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import date

from postcall.analyzer import Analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.policy import PolicySet
from postcall.tables import Stamp, TableSpec
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import make_call

SECTIONS = ("Definition", "Edge cases")
"""Headings that an analyzer's module docstring must have."""

STAMP = Stamp(date(2026, 3, 2), "conformance", 1, "0" * 12)


def conformance_calls() -> dict[str, Call]:
    """Calls that an analyzer must survive, by name."""
    plain = make_call(
        """
seconds   0         10        20        30
agent     ####   ##            ####  ####
customer      ####   #######       ##
hold                        --
""",
        said={
            Role.AGENT: [(0, 4, "good morning this is anna how can i help"), (20, 24, "thank you for waiting")],
            Role.CUSTOMER: [(4, 8, "hello i have a question about my bill")],
        },
    )
    long = make_call(
        """
seconds   0         14400     28800     43200
agent     ##        #  ##
customer    ##    ##       ####
"""
    )
    return {
        "plain": plain,
        "empty": make_call("seconds   0         10", said={}),
        "zero length": make_call("seconds   0         10", said={}, duration_s=0),
        "one party": make_call("seconds   0         10\nagent     ####  ####", said={}),
        "full overlap": make_call("seconds   0         10\nagent     ##########\ncustomer  ##########"),
        "12 hours": long,
        "mono": make_call("seconds   0         10\nanyone    #### #####"),
        "hold unknown": replace(plain, telephony=replace(plain.telephony, holds=None)),
        "record only": Call(plain.telephony, missing={"recording": "the recording was quarantined"}),
        "abandoned": Call(replace(plain.telephony, answered_at=None, agent_id=None, holds=())),
        "bare record": Call(Telephony("bare")),
        "no record times": replace(plain, telephony=Telephony("bare"), recording_started_at=None),
    }


def check_analyzer(analyzer: Analyzer) -> None:
    """Check one analyzer against the contract.

    Raises
    ------
    AssertionError
        With the rule that is broken and the call that shows it.
    """
    doc = inspect.getdoc(inspect.getmodule(analyzer.function)) or ""
    for section in SECTIONS:
        assert f"{section}\n---" in doc, f"{analyzer.name}: the module docstring needs a section '{section}'"
    assert analyzer.version >= 1, f"{analyzer.name}: version counts from 1"
    policies = PolicySet({analyzer.section: analyzer.policy()} if analyzer.policy else {}, "conformance")
    for name, call in conformance_calls().items():
        where = f"{analyzer.name} on the call '{name}'"
        try:
            rows = analyzer.rows(call, policies)
        except MissingInput as missing:
            assert missing.message, f"{where}: skipped without a reason"
            continue
        assert rows == analyzer.rows(call, policies), f"{where}: two runs differ"
        for spec in analyzer.tables:
            own = [row for row in rows if type(row) is spec.row]
            spec.to_arrow(own, STAMP)
            if spec.prefix == "call_":
                assert len(own) <= 1, f"{where}: {spec.name} has one row a call, not {len(own)}"
            for row in own:
                assert getattr(row, "call_id", call.call_id) == call.call_id, f"{where}: a row of another call"
                _check_reasons(spec, row, where)
        known = {spec.row for spec in analyzer.tables}
        assert {type(row) for row in rows} <= known, f"{where}: rows of a table that its annotation does not name"


def _check_reasons(spec: TableSpec, row: object, where: str) -> None:
    """An empty measure has its reason in ``not_measurable``."""
    if not any(column.name == "not_measurable" for column in spec.columns):
        return
    reasons = (getattr(row, "not_measurable") or "").split("; ")  # noqa: B009  # the row class is not known here
    said = {column for reason in reasons for column in reason.split(": ", 1)[0].split(", ")}
    for column in spec.columns:
        if column.field.unit is not None and getattr(row, column.name) is None:
            assert column.name in said, f"{where}: {spec.name}.{column.name} is empty without a reason"
