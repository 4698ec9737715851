from pathlib import Path

import pytest
from pydantic import ValidationError

from postcall.errors import PolicyError
from postcall.policy import MAX_EXTENDS, Policy, PolicySet, Setting, load_policy


class DeadAirPolicy(Policy):
    """Stands for an analyzer's policy."""

    min_s: float = Setting(10.0, gt=0, le=60, description="Larger: less dead air.", source="mts-01")
    is_loud: bool = Setting(False, description="Whether it is loud.")


class TurnsPolicy(Policy):
    """Stands for a stage's policy."""

    pause_s: float = Setting(0.5, ge=0, lt=3, description="Larger: fewer utterances.")


KINDS: dict[str, type[Policy]] = {"dead_air": DeadAirPolicy, "turns": TurnsPolicy}


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    policies = load_policy(None, KINDS)
    assert policies.name == "default"
    assert policies.to_dict() == {"dead_air": {"min_s": 10.0, "is_loud": False}, "turns": {"pause_s": 0.5}}
    assert policies.section("dead_air", DeadAirPolicy).min_s == 10.0


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    policies = load_policy(written(tmp_path, "name = 'ours'\ndescription = 'x'\n[dead_air]\nmin_s = 7\n"), KINDS)
    assert policies.to_dict()["dead_air"] == {"min_s": 7.0, "is_loud": False}
    assert policies.name == "mine.toml"


def test_profiles_extend_each_other_key_by_key(tmp_path: Path) -> None:
    written(tmp_path, "[dead_air]\nmin_s = 7\nis_loud = true\n[turns]\npause_s = 1\n", "base.toml")
    child = written(tmp_path, "extends = '../base.toml'\n[dead_air]\nmin_s = 8\n", "team/child.toml")
    policies = load_policy(child, KINDS)
    assert policies.to_dict() == {"dead_air": {"min_s": 8.0, "is_loud": True}, "turns": {"pause_s": 1.0}}


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbf[dead_air]\nmin_s = 7\n")
    assert load_policy(path, KINDS).section("dead_air", DeadAirPolicy).min_s == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[dead_ari]\nmin_s = 7", r"unknown policy section \[dead_ari\] \(did you mean 'dead_air'\?\)"),
        ("[xyz]\nmin_s = 7", r"unknown policy section \[xyz\] \(known: dead_air, turns\)"),
        ("[dead_air]\nmins = 7", r"unknown key 'mins' in policy section \[dead_air\] \(did you mean 'min_s'\?\)"),
        ("[dead_air]\nmin_s = 0", r"policy \[dead_air\] min_s: input should be greater than 0"),
        ("[dead_air]\nmin_s = 61", "less than or equal to 60"),
        ("[turns]\npause_s = 3", "less than 3"),
        ("[dead_air]\nmin_s = 'ten'", "valid number"),
        ("dead_air = 5", r"'dead_air' in the policy must be a section"),
        ("extends = 5", "'extends' in policy 'mine.toml' must be"),
        ("[dead_air", "not valid TOML"),
        ("extends = 'gone.toml'", "no policy file"),
    ],
)
def test_what_is_wrong_is_said_with_a_hint(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load_policy(written(tmp_path, text), KINDS)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="postcall init"):
        load_policy(tmp_path / "none.toml", KINDS)


def test_a_folder_or_binary_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "binary.toml"):
        with pytest.raises(PolicyError, match="cannot read policy file"):
            load_policy(path, KINDS)


def test_a_circle_of_profiles_is_found(tmp_path: Path) -> None:
    written(tmp_path, "extends = 'b.toml'", "a.toml")
    written(tmp_path, "extends = 'a.toml'", "b.toml")
    with pytest.raises(PolicyError, match=f"in a circle, or more than {MAX_EXTENDS} deep"):
        load_policy(tmp_path / "a.toml", KINDS)


def test_the_digest_follows_values_not_files(tmp_path: Path) -> None:
    default = load_policy(None, KINDS)
    same = load_policy(written(tmp_path, "[dead_air]\nmin_s = 10.0\n"), KINDS)
    other = load_policy(written(tmp_path, "[dead_air]\nmin_s = 9\n", "other.toml"), KINDS)
    assert default.digest == same.digest != other.digest
    assert len(default.digest) == 12


def test_a_section_of_another_kind_is_an_error() -> None:
    policies = PolicySet({"turns": TurnsPolicy()}, "test")
    for name in ("turns", "absent"):
        with pytest.raises(PolicyError, match=rf"no section \[{name}\]"):
            policies.section(name, DeadAirPolicy)


def test_a_policy_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        DeadAirPolicy().min_s = 3  # type: ignore[misc]


def test_a_setting_keeps_description_and_source() -> None:
    setting = DeadAirPolicy.model_fields["min_s"]
    assert (setting.description, setting.json_schema_extra) == ("Larger: less dead air.", {"source": "mts-01"})
