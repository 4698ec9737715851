from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.corpus import script
from benchmarks.corpus.script import ScriptError, load

FOLDER = Path(script.__file__).parent
GOOD = """
shows = "A case."
language = "en"
direction = "inbound"
queue = "support"

[choices]
end = ["long", "short"]

[rules]
golden-03 = "pass"

[[say]]
agent = "Hello, this is {agent_name}, how can I [1] help you with your contract this afternoon?"
[[say]]
customer = "Just a moment please."
as = "interruption_won"
at = 1
[[say]]
pause = [4000, 5000]
owner = "customer"
[[say]]
when = { end = "long" }
customer = "It works again, thank you."
[[say]]
when = { end = "short" }
customer = "Goodbye."
[[say]]
hangup = "customer"
"""


@pytest.mark.parametrize("path", [*script.paths(), *script.demo_paths()], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_script_is_sound(path: Path) -> None:
    assert load(path).items


def test_the_page_for_authors_shows_a_script_that_is_there_and_names_all_there_is() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert example[1] == (FOLDER / "scripts/ru/hold_double_charge.toml").read_text("utf-8")
    for word in (*script.OVERLAPS, *script._OWN_KEYS, *script._TOP_KEYS - {"outcome", "say", "rules"}, *script._CAST_KEYS):
        assert re.search(rf"\b{word}\b", page), word


def test_the_good_case_is_good(write_script: Callable[[str], Path]) -> None:
    case = load(write_script(GOOD))
    assert list(case.combinations()) == [{"end": "long"}, {"end": "short"}]
    assert case.results({"end": "long"}) == {"golden-03": "pass"}
    assert [item.kind for item in case.played({"end": "short"})] == ["agent", "customer", "pause", "customer", "hangup"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{agent_name}", "{agent}", "unknown slot {agent}"),
        ("{agent_name}", "{service.gen}", "slot {service} has no case gen"),
        ("{agent_name}", "{boss:he|she}", "whose gender"),
        ("{agent_name}", "{Agent Name}", "neither a slot nor a form"),
        ("{agent_name}", "Emma 2", "write numbers as words"),
        ("{agent_name}", "Emma -", "stands alone"),
        ('golden-03 = "pass"', 'golden-33 = "pass"', "unknown clause golden-33"),
        ('golden-03 = "pass"', 'golden-03 = "maybe"', "write one of pass, fail, not_applicable"),
        ('golden-03 = "pass"', 'golden-03 = "fail"', "but the customer hangs up"),
        ('golden-03 = "pass"', 'mts-01 = "fail"', "there is no silence over 10 s"),
        ('golden-03 = "pass"', 'mts-07 = "pass"', "there is no hold"),
        ('golden-03 = "pass"', 'golden-13 = "pass"', "it may ring 3 times"),
        ('golden-03 = "pass"', "", "no expected results"),
        ("[4000, 5000]", "[4000, 12000]", "whose range holds 10 s"),
        ("[4000, 5000]", "[1000, 2000]", "whole numbers from 3000"),
        ('owner = "customer"', "", "owner: write one of agent, customer"),
        ('hangup = "customer"', 'hangup = "boss"', "write one of agent, customer"),
        ('[[say]]\nhangup = "customer"', "", "the last item, and only that, is a hangup"),
        ('hangup = "customer"', 'hangup = "customer"\nring = 2', "needs exactly one of"),
        ('customer = "Just', 'agent = "Just', "interruption_won of nobody"),
        ("can I [1] help", "can I help", "no mark [1]"),
        ("[1] help you with your contract this afternoon?", "help [1] you?", "at least five words after [1]"),
        ("at = 1", "", "needs `at`"),
        ('as = "interruption_won"\nat = 1', "", "nothing happens at mark 1"),
        ("Just a moment please.", "No.", "too short for an interruption"),
        ('"interruption_won"', '"interruption"', "as = one of"),
        ('end = "long"', 'end = "never"', "when end = never: no such choice"),
        ('end = ["long", "short"]', 'end = ["long", "short"]\nodd = ["a", "b"]', "choice odd: no item asks for it"),
        ("queue", "que", "unknown key que"),
        ('language = "en"', 'language = "ru"', "language: write one of en"),
        ("[[say]]\npause = [4000, 5000]", '[[say]]\nagent2 = "Hello."\n[[say]]\npause = [4000, 5000]', "before a transfer"),
        ('customer = "Goodbye."', 'ivr = "Goodbye."', "only before the first speech"),
        ('"support"', '"support"\nfollow_up = { script = "gone", after_min = 5 }', "follow_up: no script gone in en/"),
        ('"A case."', '"A case.', "no TOML"),
    ],
)
def test_what_is_wrong_is_said(write_script: Callable[[str], Path], old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ScriptError, match=re.escape(message)) as caught:
        load(write_script(GOOD.replace(old, new)))
    assert all(line.startswith("en/case.toml: ") for line in str(caught.value).splitlines())


def test_clause_ids_are_of_the_five_manuals() -> None:
    assert {clause.rpartition("-")[0] for clause in script.clause_ids()} == {"rostelecom", "golden", "mts", "tomtel", "cabletv"}
    assert len(script.clause_ids()) == 101
