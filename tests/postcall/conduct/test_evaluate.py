"""What each kind of rule says of small calls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from flows.findings import Findings
from postcall.conduct.dialogues import Dialogue, call_of
from postcall.conduct.evaluate import Judge, check_measures
from postcall.conduct.manual import read_manual
from postcall.conduct.protocols import PROTOCOLS, check_groups
from postcall.conduct.results import Outcome
from postcall.conduct.scorecard import conduct_rows, scorecard
from postcall.conduct.tables import CallScorecard, RuleResult
from postcall.errors import PolicyError
from postcall.telephony import Role

HEADING = """
[manual]
id = "own"
title = "Own manual"
language = "ru"
version = 1

[phrases]
greeting = ["добрый (день|вечер)", "здравствуйте"]
goodbye = ["до свидания"]
"""


def read(tmp_path, rules, heading=HEADING):
    path = tmp_path / "own.toml"
    path.write_text(heading + rules, encoding="utf-8")
    return read_manual(path, {})


def rule(**keys):
    texts = {"id": '"own-1"', "clause": '"own-1"', "title": '"Says something"', "coach": '"Скажите"', **keys}
    return "[[rule]]\n" + "\n".join(f"{name.rstrip('_')} = {value}" for name, value in texts.items()) + "\n"


def dialogue(said, **record):
    return Dialogue(name="one", kind="passing", expect={}, said=said, **record)


def verdict(tmp_path, rules, said, rows=None, **record):
    judge = Judge.of(read(tmp_path, rules))
    return judge.verdicts(call_of(dialogue(said, **record), "ru"), rows or {})["own-1"]


TALK = "agent: Добрый день, слушаю.\ncustomer: Здравствуйте.\n[20 s]\nagent: До свидания."


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        (rule(kind='"said"', say='["@greeting"]'), Outcome.PASS),
        (rule(kind='"said"', say='["спасибо"]'), Outcome.FAIL),
        (rule(kind='"not_said"', say='["спасибо"]'), Outcome.PASS),
        (rule(kind='"not_said"', say='["слушать"]'), Outcome.FAIL),
        (rule(kind='"not_said"', say='["слушать"]', by='"customer"'), Outcome.PASS),
        (rule(kind='"count"', say='["@greeting", "@goodbye"]', at_least="2"), Outcome.PASS),
        (rule(kind='"count"', say='["@greeting", "@goodbye"]', at_most="1"), Outcome.FAIL),
        (rule(kind='"order"', parts='[["@greeting"], ["@goodbye"]]'), Outcome.PASS),
        (rule(kind='"order"', parts='[["@goodbye"], ["@greeting"]]'), Outcome.FAIL),
        (rule(kind='"order"', parts='[["@goodbye"], ["@greeting"]]', ordered="false"), Outcome.PASS),
        (rule(kind='"order"', parts='[["@greeting"], ["спасибо"]]'), Outcome.FAIL),
        (rule(kind='"said"', say='["@goodbye"]', window="{ first_s = 10 }"), Outcome.FAIL),
        (rule(kind='"said"', say='["@goodbye"]', window="{ last_s = 10 }"), Outcome.PASS),
        (rule(kind='"said"', say='["@goodbye"]', window="{ first_turns = 1 }"), Outcome.FAIL),
        (rule(kind='"said"', say='["@goodbye"]', window="{ last_turns = 1 }"), Outcome.PASS),
        (rule(kind='"said"', say='["@goodbye"]', window='{ after = "customer:@greeting" }'), Outcome.PASS),
        (rule(kind='"said"', say='["@goodbye"]', window='{ after = "customer:@greeting", within_s = 5 }'), Outcome.FAIL),
        (rule(kind='"said"', say='["@greeting"]', window='{ before = "agent:@goodbye" }'), Outcome.PASS),
        (rule(kind='"said"', say='["@greeting"]', unless='["день слушать"]'), Outcome.FAIL),
        (rule(kind='"said"', say='["@greeting"]', applies='{ direction = ["outbound"] }'), Outcome.NOT_APPLICABLE),
        (rule(kind='"said"', say='["@greeting"]', applies='{ has = "customer:@goodbye" }'), Outcome.NOT_APPLICABLE),
        (rule(kind='"said"', say='["@greeting"]', applies='{ has_not = ["customer:@greeting"] }'), Outcome.NOT_APPLICABLE),
        (rule(kind='"said"', say='["@greeting"]', applies="{ min_talk_s = 60 }"), Outcome.NOT_APPLICABLE),
        (rule(kind='"said"', say='["@greeting"]', applies='{ event = "hold" }'), Outcome.NOT_APPLICABLE),
        (rule(kind='"said"', say='["@greeting"]', applies='{ unless_event = "hold" }'), Outcome.PASS),
    ],
)
def test_phrases(tmp_path, rules, outcome):
    assert verdict(tmp_path, rules, TALK).outcome is outcome


def test_evidence_names_time_role_and_words(tmp_path):
    found = verdict(tmp_path, rule(kind='"said"', say='["@goodbye"]'), TALK).findings[0]
    call = call_of(dialogue(TALK), "ru")
    words = call.need_transcript().words
    assert found.role is Role.AGENT
    assert [word.text for word in words[found.first_word : found.last_word + 1]] == ["До", "свидания."]
    assert (found.span.start_ms, found.span.end_ms) == (
        words[found.first_word].span.start_ms,
        words[found.last_word].span.end_ms,
    )


def test_evidence_holds_all_pieces_of_a_word_cut_at_its_hyphens(tmp_path):
    said = "agent: Могу помочь чем -нибудь. Слушаю."
    found = verdict(tmp_path, rule(kind='"said"', say='["помочь чем-нибудь"]'), said).findings[0]
    assert (found.first_word, found.last_word) == (1, 3)


@dataclass(frozen=True)
class _Row:
    amount: float | None
    is_good: bool = True
    not_measurable: str | None = None


@pytest.mark.parametrize(
    ("bounds", "row", "outcome"),
    [
        ({"at_most": "2"}, _Row(2.0), Outcome.PASS),
        ({"at_most": "2"}, _Row(2.1), Outcome.FAIL),
        ({"at_least": "2"}, _Row(1.0), Outcome.FAIL),
        ({"between": "[1, 3]"}, _Row(3.0), Outcome.PASS),
        ({"between": "[1, 3]"}, _Row(3.5), Outcome.FAIL),
        ({"at_most": "2"}, _Row(None, not_measurable="amount: nobody speaks"), Outcome.NOT_MEASURABLE),
    ],
)
def test_measures(tmp_path, bounds, row, outcome):
    found = verdict(tmp_path, rule(kind='"measure"', measure='"call_x.amount"', **bounds), TALK, {"call_x": [row]})
    assert found.outcome is outcome
    if outcome is Outcome.NOT_MEASURABLE:
        assert found.reason == "nobody speaks"


def test_a_call_without_a_row_is_not_measurable(tmp_path):
    found = verdict(tmp_path, rule(kind='"measure"', measure='"call_x.amount"', at_most="2"), TALK)
    assert found.outcome is Outcome.NOT_MEASURABLE


@pytest.mark.parametrize("part", ["transcript", "parties"])
@pytest.mark.parametrize("said", ["спасибо", "слушать"])
def test_without_words_or_parties_phrases_are_not_measurable(tmp_path, part, said):
    judge = Judge.of(read(tmp_path, rule(kind='"not_said"', say=f'["{said}"]')))
    call = call_of(dialogue(TALK), "ru")
    call = replace(call, transcript=None) if part == "transcript" else replace(call, roles={})
    found = judge.verdicts(call, {})["own-1"]
    assert found.outcome is Outcome.NOT_MEASURABLE
    assert found.reason


def test_a_party_of_whom_nothing_was_recognised_is_not_measurable(tmp_path):
    judge = Judge.of(read(tmp_path, rule(kind='"not_said"', say='["спасибо"]')))
    call = call_of(dialogue("agent: " + "раз два три " * 10 + "\ncustomer: да"), "ru")
    transcript = call.need_transcript()
    heard = tuple(word for word in transcript.words if word.speaker == "channel_0")
    found = judge.verdicts(replace(call, transcript=replace(transcript, words=heard)), {})["own-1"]
    assert found.outcome is Outcome.NOT_MEASURABLE


@pytest.mark.parametrize(("doubted", "outcome"), [(("день,",), Outcome.PASS), (("Добрый", "день,"), Outcome.FAIL)])
def test_a_phrase_of_which_half_is_in_doubt_is_said(tmp_path, doubted, outcome):
    judge = Judge.of(read(tmp_path, rule(kind='"said"', say='["@greeting"]')))
    call = call_of(dialogue(TALK), "ru")
    transcript = call.need_transcript()
    words = tuple(replace(word, is_in_doubt=word.text in doubted) for word in transcript.words)
    found = judge.verdicts(replace(call, transcript=replace(transcript, words=words)), {})["own-1"]
    assert found.outcome is outcome


def test_words_in_doubt_count_for_nothing(tmp_path):
    judge = Judge.of(read(tmp_path, rule(kind='"not_said"', say='["слушать"]')))
    call = call_of(dialogue(TALK), "ru")
    transcript = call.need_transcript()
    doubtful = tuple(replace(word, is_in_doubt=True) for word in transcript.words)
    assert judge.verdicts(call, {})["own-1"].outcome is Outcome.FAIL
    found = judge.verdicts(replace(call, transcript=replace(transcript, words=doubtful)), {})["own-1"]
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (rule(kind='"sad"', say='["да"]'), "kind"),
        (rule(kind='"said"', sai='["да"]'), "did you mean 'say'"),
        (rule(kind='"said"', say='["@greting"]'), "did you mean 'greeting'"),
        (rule(kind='"said"'), "does not say what it asks for"),
        (rule(kind='"said"', say='["да"]', at_most="1"), "has no 'at_most'"),
        (rule(kind='"said"', say='["[да]"]'), "nothing in it has to be said"),
        (rule(kind='"said"', say='["да"]', window="{ within_s = 5 }"), "within_s"),
        (rule(kind='"said"', say='["да"]', window='{ after = "agnt:@greeting" }'), "did you mean 'agent'"),
        (rule(kind='"said"', say='["да"]', window='{ after = "event:hodl" }'), "did you mean 'hold'"),
        (rule(kind='"said"', say='["да"]', applies='{ has = "customer:да" }'), "is no anchor"),
        (rule(kind='"said"', say='["да"]', applies='{ measure = "call_x.amount" }'), "belong together"),
        (rule(kind='"measure"', measure='"call_x.amount"', between="[3, 1]"), "larger than the second"),
        (rule(kind='"measure"', measure='"call_x.amount"', between="[1, 3]", at_most="2"), "exclude each other"),
        (rule(kind='"protocol"', protocol='"holt"', step='"thanks"'), "did you mean 'hold'"),
        (rule(kind='"protocol"', protocol='"hold"', step='"thank"'), "did you mean 'thanks'"),
        (rule(kind='"protocol"', protocol='"hold"', step='"in_time"', options="{ max = 3 }"), "did you mean 'max_s'"),
        (rule(kind='"said"', say='["да"]') * 2, "two rules have the id"),
        (rule(kind='"said"', say='["да"]', id='"other-1"', clause='"other-1"'), "is not of manual"),
    ],
)
def test_what_is_wrong_with_a_manual_is_said(tmp_path, rules, said):
    with pytest.raises(PolicyError) as error:
        Judge.of(read(tmp_path, rules))
    assert said in f"{error.value} {error.value.hint or ''}"


def test_two_manuals_of_one_id_are_refused(tmp_path):
    manual = read(tmp_path, rule(kind='"said"', say='["да"]'))
    with pytest.raises(PolicyError, match="two manuals"):
        Judge.all_of([manual, manual])


@pytest.mark.parametrize(
    ("queues", "queue", "is_judged"),
    [
        ("[]", "sales", True),
        ("[]", None, True),
        ('["sales", "upsell"]', "sales", True),
        ('["sales", "upsell"]', "support", False),
        ('["sales"]', None, False),
    ],
)
def test_a_manual_judges_the_calls_of_its_queues(tmp_path, queues, queue, is_judged):
    heading = HEADING.replace("version = 1", f"version = 1\nqueues = {queues}")
    judge = Judge.of(read(tmp_path, rule(kind='"said"', say='["да"]'), heading))
    call = call_of(dialogue(TALK, queue=queue), "ru")
    assert judge.applies_to(call) is is_judged
    assert not judge.applies_to(call_of(dialogue(TALK, queue=queue), "zh"))


def test_each_queue_is_judged_by_its_own_manual(tmp_path):
    asked = rule(kind='"said"', say='["@greeting"]')
    sales = read(tmp_path, asked, HEADING.replace("version = 1", 'version = 1\nqueues = ["sales"]'))
    support = HEADING.replace('id = "own"', 'id = "other"').replace("version = 1", 'version = 1\nqueues = ["support"]')
    judges = Judge.all_of([sales, read(tmp_path, asked.replace("own-1", "other-1"), support)])
    findings = Findings()
    for queue in ("sales", "support", "billing"):
        call = call_of(dialogue(TALK, queue=queue), "ru")
        findings.judge(replace(call, telephony=replace(call.telephony, call_id=queue)), judges, {})
    results = [(row.call_id, row.manual) for row in findings.rows["rule_result"]]
    assert results == [("sales", "own"), ("support", "other")]
    assert [row.call_id for row in findings.rows["call_scorecard"]] == ["sales", "support"]


def test_a_misspelt_key_of_the_heading_names_the_right_one(tmp_path):
    with pytest.raises(PolicyError) as error:
        read(tmp_path, rule(kind='"said"', say='["да"]'), HEADING.replace("version = 1", 'version = 1\nqueue = ["sales"]'))
    assert "did you mean 'queues'" in f"{error.value} {error.value.hint}"


def test_unknown_tables_and_columns_are_refused(tmp_path):
    manual = read(tmp_path, rule(kind='"measure"', measure='"call_hold.hold_msec"', at_most="2"))
    with pytest.raises(PolicyError) as error:
        check_measures(manual, {"call_hold": ["hold_ms"]})
    assert "did you mean 'hold_ms'" in f"{error.value} {error.value.hint}"


def test_scorecard_weighs_what_was_judged(tmp_path):
    rules = (
        rule(kind='"said"', say='["@greeting"]', weight="3")
        + rule(kind='"said"', say='["спасибо"]', id='"own-2"', clause='"own-2"', weight="1")
        + rule(kind='"said"', say='["@greeting"]', id='"own-3"', clause='"own-3"', applies='{ event = "hold" }', weight="9")
        + rule(kind='"measure"', measure='"call_x.amount"', at_most="2", id='"own-4"', clause='"own-4"', weight="9")
    )
    judge = Judge.of(read(tmp_path, rules))
    call = call_of(dialogue(TALK), "ru")
    card = scorecard("c", judge.manual, judge.verdicts(call, {}))
    assert (card.raw_score_share, card.score_share) == (0.75, 0.75)
    assert (card.rules_passed, card.rules_failed, card.rules_not_applicable, card.rules_not_measurable) == (1, 1, 1, 1)
    assert card.rules_coverage_share == pytest.approx(2 / 3)


def test_a_critical_failure_fails_the_call(tmp_path):
    rules = rule(kind='"said"', say='["@greeting"]') + rule(
        kind='"said"', say='["спасибо"]', id='"own-2"', clause='"own-2"', critical="true"
    )
    judge = Judge.of(read(tmp_path, rules))
    rows = list(conduct_rows(judge, call_of(dialogue(TALK), "ru"), {}))
    [card] = [row for row in rows if isinstance(row, CallScorecard)]
    assert (card.raw_score_share, card.score_share, card.critical_fails) == (0.5, 0.0, 1)
    assert len([row for row in rows if isinstance(row, RuleResult)]) == 2


def test_a_protocol_whose_phrases_the_manual_lacks_is_refused(tmp_path):
    thanks = rule(kind='"protocol"', protocol='"hold"', step='"thanks"')
    with pytest.raises(PolicyError) as error:
        check_groups(read(tmp_path, thanks, HEADING + 'thanks_for_waitin = ["спасибо за ожидание"]\n'))
    assert "rule 'own-1': step 'thanks' of 'hold' looks for the phrases 'thanks_for_waiting'" in str(error.value)
    assert "did you mean 'thanks_for_waitin'" in f"{error.value} {error.value.hint}"
    check_groups(read(tmp_path, thanks, HEADING + 'thanks_for_waiting = ["спасибо за ожидание"]\n'))
    check_groups(read(tmp_path, rule(kind='"protocol"', protocol='"hold"', step='"in_time"')))


def test_every_need_of_a_protocol_is_of_a_step_and_a_group_that_there_is():
    for protocol in PROTOCOLS.values():
        assert set(protocol.needs) <= set(protocol.steps)
        assert {name for needed in protocol.needs.values() for name in needed} <= set(protocol.groups)
