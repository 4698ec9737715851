"""Reviews in, sample out: what is refused and why, what is stored, and that the automatic results stay as they are."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.night import NightReport
from flows.override_sample import sample_results
from storage.tables import Tables

HEADER = ["call_id", "rule_id", "manual", "result", "reviewer", "reviewed_at", "comment"]
GOOD = ["01-good-service", "mts-09", "mts", "pass", "anna", "2026-03-05 10:00", "Перебивает клиент"]


@pytest.fixture
def store(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Path:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "store" / "tables")
    return tmp_path / "store"


def write(path: Path, *rows: list[str], header: list[str] = HEADER, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def stored(store: Path) -> list[dict[str, Any]]:
    tables = Tables(store)
    return tables.read("rule_override").to_pylist() if "rule_override" in tables.names() else []


def changed(**values: str) -> list[str]:
    return [values.get(name, value) for name, value in zip(HEADER, GOOD, strict=True)]


def test_a_review_is_stored_beside_the_result_and_does_not_change_it(postcall, store: Path, tmp_path: Path) -> None:
    before = Tables(store).read("rule_result").sort_by([("call_id", "ascending"), ("rule_id", "ascending")])
    done = postcall("standards", "overrides", "import", write(tmp_path / "r.csv", GOOD), "--store", store)
    assert (done.code, done.out.strip()) == (0, "Reviews: 1 new, 0 in place of older ones, 0 there already.")
    (row,) = stored(store)
    assert (row["call_id"], row["rule_id"], row["manual"], row["reviewed_outcome"]) == (
        "01-good-service",
        "mts-09",
        "mts",
        "pass",
    )
    assert (row["reviewer"], row["comment"], str(row["call_date"])) == ("anna", "Перебивает клиент", "2026-03-02")
    after = Tables(store).read("rule_result").sort_by([("call_id", "ascending"), ("rule_id", "ascending")])
    assert after.equals(before)


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-16", "\t"), ("cp1251", ";")], ids=["utf-8", "utf-16", "cp1251"]
)
def test_files_as_spreadsheets_write_them(postcall, store: Path, tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write(tmp_path / "r.csv", GOOD, ["", *[""] * 6], encoding=encoding, delimiter=delimiter)
    assert postcall("standards", "overrides", "import", path, "--store", store).code == 0
    assert stored(store)[0]["comment"] == "Перебивает клиент"


def test_parquet(postcall, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({name: [value] for name, value in zip(HEADER, GOOD, strict=True)}), path)
    assert postcall("standards", "overrides", "import", path, "--store", store).code == 0
    assert len(stored(store)) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"call_id": "nobody-knows"},
            ["call nobody-knows is not in the store", "Calls that are not in the store: nobody-knows"],
        ),
        ({"rule_id": "mts-009"}, ["rule_id is not known", "did you mean 'mts-09'?"]),
        ({"manual": "mtz"}, ["manual is not known", "did you mean 'mts'?"]),
        ({"manual": "golden"}, ["rule mts-09 is of another manual", "it is of 'mts'"]),
        ({"result": "passd"}, ["result is none of the four outcomes", "did you mean 'pass'?"]),
        ({"reviewer": " "}, ["reviewer is empty"]),
        ({"reviewed_at": "yesterday"}, ["reviewed_at is no time that can be read"]),
        ({"reviewed_at": "2090-01-01"}, ["reviewed_at is in the future"]),
        ({"call_id": "08-transfer"}, ["call 08-transfer has no result of rule mts-09"]),
        ({"comment": "x" * 2001}, ["comment is longer than 2000 signs"]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_line_is_told_and_nothing_is_written(
    postcall, store: Path, tmp_path: Path, values: dict[str, str], said: list[str]
) -> None:
    path = write(tmp_path / "r.csv", GOOD, changed(**values))
    done = postcall("standards", "overrides", "import", path, "--store", store)
    assert done.code == 2
    text = re.sub(r"\s+", " ", done.out)
    for one in said:
        assert one in text
    assert re.search(r"^ +3 ", done.out, re.MULTILINE), "the line's number"
    assert "1 line of 2 in 'r.csv' cannot be taken" in done.err
    assert stored(store) == []
    done = postcall("standards", "overrides", "import", path, "--store", store, "--skip-bad")
    assert (done.code, len(stored(store))) == (0, 1)
    assert "1 wrong line left out." in done.out


def test_what_a_cell_holds_is_never_printed(postcall, store: Path, tmp_path: Path) -> None:
    secret = "Ivanova +79161234567"
    rows = [changed(**{name: secret}) for name in HEADER if name not in ("call_id", "reviewer", "comment")]
    done = postcall("standards", "overrides", "import", write(tmp_path / "r.csv", *rows), "--store", store)
    assert done.code == 2
    assert "Ivanova" not in done.out + done.err


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["call_id", "rule_id", "manual", "rezult", "reviewer", "reviewed_at", "comment"], "did you mean 'result'?"),
        (["call_id", "rule_id", "manual", "comment", "reviewer", "reviewed_at", "page"], "has no column 'result'"),
        (["call_id", "rule_id", "rule", "result", "reviewer", "reviewed_at", "comment"], "the column 'rule_id' twice"),
    ],
)
def test_a_wrong_header_is_told(postcall, store: Path, tmp_path: Path, header: list[str], said: str) -> None:
    done = postcall("standards", "overrides", "import", write(tmp_path / "r.csv", GOOD, header=header), "--store", store)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a spreadsheet", b"PAR1 broken"])
def test_what_is_no_table_is_told(postcall, store: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.csv").write_bytes(content)
    done = postcall("standards", "overrides", "import", tmp_path / "r.csv", "--store", store)
    assert done.code == 2
    assert "Nothing was done." in done.err


def test_the_same_again_a_later_and_an_earlier_review(postcall, store: Path, tmp_path: Path) -> None:
    def hand_in(*rows: list[str]) -> str:
        done = postcall("standards", "overrides", "import", write(tmp_path / "r.csv", *rows), "--store", store)
        assert done.code == 0
        return done.out.strip()

    other = changed(reviewer="boris", result="fail")
    assert hand_in(GOOD, GOOD, other).startswith("Reviews: 2 new")
    first = sorted(stored(store), key=lambda row: row["reviewer"])
    assert hand_in(GOOD, other) == "Reviews: 0 new, 0 in place of older ones, 2 there already."
    assert (
        hand_in(changed(result="fail", reviewed_at="2026-03-06"))
        == "Reviews: 0 new, 1 in place of older ones, 0 there already."
    )
    assert "1 left out, as a later one by the same person is there" in hand_in(GOOD)
    anna, boris = sorted(stored(store), key=lambda row: row["reviewer"])
    assert anna["reviewed_outcome"] == "fail"
    assert boris == first[1], "what was there keeps what made it"


def test_two_lines_that_contradict_each_other(postcall, store: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", GOOD, changed(result="fail"))
    done = postcall("standards", "overrides", "import", path, "--store", store)
    assert done.code == 2
    assert "a different review of this call and rule by the same person" in re.sub(r"\s+", " ", done.out)


def test_agreement(postcall, store: Path, tmp_path: Path) -> None:
    done = postcall("standards", "overrides", "agreement", "--store", store)
    assert "There are no such reviews yet." in done.out
    results = [
        row
        for row in Tables(store).read("rule_result").to_pylist()
        if row["manual"] == "mts" and row["outcome"] in ("pass", "fail")
    ]
    rows = [[r["call_id"], r["rule_id"], "mts", r["outcome"], "anna", "2026-03-05", ""] for r in results]
    postcall("standards", "overrides", "import", write(tmp_path / "r.csv", *rows), "--store", store)
    done = postcall("standards", "overrides", "agreement", "--store", store, "--fewest", 2)
    assert done.code == 0
    counts = Counter((r["rule_id"], r["outcome"]) for r in results)
    rule = next(rule for rule, _ in counts if counts[rule, "pass"] and counts[rule, "fail"])
    line = next(line for line in done.out.splitlines() if line.split()[:1] == [rule])
    passed, failed = counts[rule, "pass"], counts[rule, "fail"]
    assert line.split()[1:] == [
        str(passed + failed),
        "100%",
        "1.00",
        "1.00",
        "to",
        "1.00",
        str(passed),
        "0",
        "0",
        str(failed),
        "0",
        "trust",
    ]
    assert "too few reviews" in postcall("standards", "overrides", "agreement", "--store", store).out
    for nothing in (["--since", "2026-03-06"], ["--manual", "golden"]):
        assert "no such reviews" in postcall("standards", "overrides", "agreement", "--store", store, *nothing).out


def test_a_sample_is_blind_repeatable_and_can_be_handed_in(postcall, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    done = postcall("standards", "overrides", "sample", "--store", store, "--n", 30, "--out", path)
    assert (done.code, done.out.splitlines()[0]) == (0, f"30 results of 30 rules: {path}")
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert len({(row["call_id"], row["rule_id"]) for row in rows}) == 30
    assert {row["result"] for row in rows} == {""}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:8075/call\?id=\S+&date=2026-03-02(#t=[\d.]+)?", row["page"]) for row in rows)
    assert all(bool(row["evidence_at"]) == ("#t=" in row["page"]) for row in rows)
    postcall("standards", "overrides", "sample", "--store", store, "--n", 30, "--out", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text(encoding="utf-8-sig") == text
    postcall("standards", "overrides", "sample", "--store", store, "--n", 30, "--seed", 2, "--out", tmp_path / "other.csv")
    assert (tmp_path / "other.csv").read_text(encoding="utf-8-sig") != text
    for row in rows[:10]:
        row |= {"result": "Not applicable", "reviewer": "anna", "reviewed_at": "2026-03-05T10:00:00+03:00"}
    write(path, *(list(row.values()) for row in rows), header=list(rows[0]))
    done = postcall("standards", "overrides", "import", path, "--store", store)
    assert (done.code, done.out.splitlines()[1]) == (0, "20 lines without a result passed over.")
    tables = Tables(store)
    left = sample_results(tables, 100_000, seed=1)
    assert len(left) == tables.read("rule_result").num_rows - 10, "what was reviewed is not drawn again"


def test_rules_and_outcomes_take_turns(store: Path) -> None:
    tables = Tables(store)
    results = tables.read("rule_result").to_pylist()
    rules = {row["rule_id"] for row in results}
    outcome = {(row["call_id"], row["rule_id"]): row["outcome"] for row in results}
    drawn = sample_results(tables, len(rules), seed=5)
    assert set(drawn["rule_id"]) == rules
    (rule,) = {rule for rule, number in Counter(row["rule_id"] for row in results).most_common(1)}
    of_rule = [row for row in results if row["rule_id"] == rule]
    kinds = {row["outcome"] for row in of_rule}
    few = sample_results(tables, len(kinds), seed=5, rules=[rule])
    assert {outcome[key] for key in zip(few["call_id"], few["rule_id"], strict=True)} == kinds


def test_a_sample_of_an_unknown_rule_or_manual(postcall, store: Path, tmp_path: Path) -> None:
    for asked in (["--rule", "mts-9"], ["--manual", "mtz"]):
        done = postcall("standards", "overrides", "sample", "--store", store, "--out", tmp_path / "s.csv", *asked)
        assert done.code == 2
        assert "did you mean 'mts" in done.err.lower()


def test_no_word_of_a_call_is_in_a_sample(postcall, store: Path, tmp_path: Path) -> None:
    postcall("standards", "overrides", "sample", "--store", store, "--n", 500, "--out", tmp_path / "s.csv")
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert set(rows[0]) == {*HEADER, "call_date", "rule_title", "evidence_at", "page"}
