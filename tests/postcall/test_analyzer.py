from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest

from postcall.analyzer import ENTRY_POINTS, analyzer, discover
from postcall.call import Call
from postcall.errors import PolicyError, SettingsError
from postcall.policy import Policy, PolicySet, Setting
from postcall.tables import Field, spec_of, table
from postcall.telephony import Telephony

CALL = Call(Telephony("c-1"))


class ProbePolicy(Policy):
    """Policy of the probe."""

    min_s: float = Setting(2.0, description="Larger: less.")


@table("call_probe", grain="call", primary_key=("call_id",))
class CallProbe:
    """A probe."""

    call_id: Annotated[str, Field("Id.")]
    min_s: Annotated[float | None, Field("As in the policy.", unit="s")]


@table("call_probe", grain="call", primary_key=("call_id",))
class SameTable:
    """Another row class of the same table."""

    call_id: Annotated[str, Field("Id.")]


@pytest.fixture(autouse=True)
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postcall.analyzer._ANALYZERS", {})
    monkeypatch.setattr("postcall.rollup._ROLLUPS", {})
    monkeypatch.setattr("postcall.analyzer.entry_points", lambda group: [])


def placed(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    """The function, as if it stood in a module of that name."""
    function.__module__ = module
    return function


def probe_with_policy() -> Callable[..., Any]:
    def probe(call: Call, policy: ProbePolicy) -> Iterator[CallProbe]:
        yield CallProbe(call_id=call.call_id, min_s=policy.min_s)

    return probe


def probe_without_policy(row: type = CallProbe) -> Callable[..., Any]:
    def probe(call: Call) -> Iterator[Any]:
        yield row(call_id=call.call_id)

    probe.__annotations__["return"] = Iterator[row]  # type: ignore[valid-type]
    return probe


def test_types_are_said_once_in_the_annotations() -> None:
    function = placed(probe_with_policy(), "pack.probe")
    assert analyzer(version=4)(function) is function
    (found,) = discover(()).analyzers
    assert (found.name, found.version, found.policy, found.tables) == ("probe", 4, ProbePolicy, (spec_of(CallProbe),))
    assert discover(()).policies == {"probe": ProbePolicy}
    own = {name: spec for name, spec in discover(()).tables.items() if spec.row.__module__ == __name__}
    assert own == {"call_probe": spec_of(CallProbe)}
    policies = PolicySet({"probe": ProbePolicy(min_s=7)}, "test")
    assert found.rows(CALL, policies) == [CallProbe(call_id="c-1", min_s=7.0)]


def test_a_policy_loaded_without_the_section_is_an_error() -> None:
    analyzer(version=1)(placed(probe_with_policy(), "pack.probe"))
    (found,) = discover(()).analyzers
    with pytest.raises(PolicyError, match=r"no section \[probe\]"):
        found.rows(CALL, PolicySet({}, "test"))


def test_an_analyzer_without_policy() -> None:
    analyzer(version=1)(placed(probe_without_policy(SameTable), "pack.probe"))
    (found,) = discover(()).analyzers
    assert found.policy is None
    assert discover(()).policies == {}
    assert found.rows(CALL, PolicySet({}, "test")) == [SameTable(call_id="c-1")]


def no_call(policy: ProbePolicy) -> Iterator[CallProbe]:
    yield from ()


def nothing() -> Iterator[CallProbe]:
    yield from ()


def three(call: Call, policy: ProbePolicy, more: int) -> Iterator[CallProbe]:
    yield from ()


def no_policy(call: Call, policy: int) -> Iterator[CallProbe]:
    yield from ()


def no_iterator(call: Call) -> list[CallProbe]:
    yield from ()


def no_table(call: Call) -> Iterator[int]:
    yield from ()


def no_return(call: Call):  # type: ignore[no-untyped-def]
    yield from ()


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (no_call, r"takes \(call: Call\)"),
        (nothing, r"takes \(call: Call\)"),
        (three, r"takes \(call: Call\)"),
        (no_policy, "the second parameter must be a Policy"),
        (no_iterator, r"must be annotated to return Iterator\[Row\]"),
        (no_return, r"must be annotated to return Iterator\[Row\]"),
        (no_table, "not declared with @table"),
    ],
)
def test_a_broken_contract_is_found_at_import(function: Callable[..., Any], problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        analyzer(version=1)(placed(function, f"pack.{function.__name__}"))
    assert discover(()).analyzers == ()


def test_the_module_has_the_analyzers_name() -> None:
    with pytest.raises(TypeError, match="must stand in a module of its own name, not 'elsewhere'"):
        analyzer(version=1)(placed(probe_with_policy(), "pack.elsewhere"))


def test_two_analyzers_of_one_name_are_refused_and_a_reload_is_not() -> None:
    analyzer(version=1)(placed(probe_with_policy(), "pack.probe"))
    analyzer(version=2)(placed(probe_with_policy(), "pack.probe"))
    assert [found.version for found in discover(()).analyzers] == [2]
    with pytest.raises(TypeError, match=r"two analyzers are called 'probe': pack\.probe, other\.probe"):
        analyzer(version=1)(placed(probe_with_policy(), "other.probe"))


def test_two_row_classes_of_one_table_are_refused() -> None:
    def second(call: Call) -> Iterator[SameTable]:
        yield SameTable(call_id=call.call_id)

    analyzer(version=1)(placed(probe_with_policy(), "pack.probe"))
    analyzer(version=1)(placed(second, "pack.second"))
    with pytest.raises(SettingsError, match="table 'call_probe' is declared by 'probe' and by 'second'"):
        discover(())


class Entry:
    """An entry point of another package."""

    def __init__(self, name: str, load: Callable[[], object], package: str | None) -> None:
        self.name, self.load = name, load
        self.dist = type("Dist", (), {"name": package})() if package else None


def test_other_packages_bring_analyzers(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        analyzer(version=1)(placed(probe_with_policy(), "acme.probe"))

    groups: list[str] = []

    def entry_points(group: str) -> list[Entry]:
        groups.append(group)
        return [Entry("probe", load, "acme")]

    monkeypatch.setattr("postcall.analyzer.entry_points", entry_points)
    assert [found.name for found in discover(()).analyzers] == ["probe"]
    assert groups == [ENTRY_POINTS]


def test_a_broken_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ImportError("no module named 'torch'")

    monkeypatch.setattr("postcall.analyzer.entry_points", lambda group: [Entry("loud", load, "acme-measures")])
    with pytest.raises(SettingsError, match="'loud' of package 'acme-measures' cannot be loaded: ImportError") as caught:
        discover(())
    assert "pip uninstall acme-measures" in caught.value.hint
