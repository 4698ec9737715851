import pytest

from postcall.analyzer import Analyzer, discover
from postcall.policy import Policy
from postcall.tables import TableSpec, describe_columns
from postcall.testing.conformance import check_analyzer

REGISTRY = discover()


@pytest.mark.parametrize("analyzer", REGISTRY.analyzers, ids=lambda analyzer: analyzer.name)
def test_analyzer_keeps_the_contract(analyzer: Analyzer) -> None:
    check_analyzer(analyzer)


def test_analyzers_are_found() -> None:
    assert {"talk_time", "silence", "dead_air", "overtalk", "response_latency", "speaking_rate"} <= {
        analyzer.name for analyzer in REGISTRY.analyzers
    }


def test_a_columns_name_has_one_meaning_in_all_tables() -> None:
    meanings = describe_columns(REGISTRY.tables.values())
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("spec", REGISTRY.tables.values(), ids=lambda spec: spec.name)
def test_tables_and_columns_are_described_in_sentences(spec: TableSpec) -> None:
    for text in (spec.description, *(column.field.description for column in spec.columns)):
        assert text[:1].isupper() or text[:1].isdigit() or text.split()[0].rstrip(",").islower(), text
        assert text.endswith("."), text
    assert spec.grain


@pytest.mark.parametrize(("section", "kind"), REGISTRY.policies.items(), ids=list(REGISTRY.policies))
def test_every_policy_setting_says_what_it_does(section: str, kind: type[Policy]) -> None:
    assert (kind.__doc__ or "").strip(), section
    assert kind.model_fields, f"[{section}] has no setting"
    for name, setting in kind.model_fields.items():
        assert setting.description, f"[{section}] {name} has no description"
        assert not setting.is_required(), f"[{section}] {name} has no default"
