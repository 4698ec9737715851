from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from postcall.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class Probe:
    """Every kind of field."""

    first: int
    second: str = "b"
    things: list[int] = field(default_factory=list, repr=False)
    named: float | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Plain:
    """The same, as it is without."""

    first: int
    second: str = "b"
    things: list[int] = field(default_factory=list, repr=False)
    named: float | None = field(default=None, kw_only=True)


@pytest.mark.parametrize(
    ("given", "by_name"), [((1,), {}), ((1, "c", [3]), {}), ((1,), {"named": 2.0}), ((), {"first": 1, "second": "c"})]
)
def test_it_holds_what_a_dataclass_would(given, by_name) -> None:
    probe, plain = Probe(*given, **by_name), Plain(*given, **by_name)
    assert [getattr(probe, name) for name in Probe.__slots__] == [getattr(plain, name) for name in Plain.__slots__]
    assert repr(probe).removeprefix("Probe") == repr(plain).removeprefix("Plain")
    assert probe == Probe(*given, **by_name)
    assert replace(probe, second="d") == Probe(probe.first, "d", probe.things, named=probe.named)


def test_each_has_a_list_of_its_own() -> None:
    assert Probe(1).things is not Probe(1).things


@pytest.mark.parametrize(("given", "by_name"), [((), {}), ((1, "b", [], 2.0), {}), ((1,), {"other": 1})])
def test_what_a_dataclass_would_not_take_is_refused(given, by_name) -> None:
    for kind in (Probe, Plain):
        with pytest.raises(TypeError):
            kind(*given, **by_name)


def test_it_stays_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Probe(1).first = 2  # type: ignore[misc]
