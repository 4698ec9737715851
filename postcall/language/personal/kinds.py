"""Kinds of personal data, and the policy that says which of them are looked for and taken out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from postcall.policy import Policy, Setting
from postcall.spans import Span


class Kind(StrEnum):
    """What a finding is. The value stands in the mark that takes its place: ``[phone]``."""

    PHONE = "phone"
    CARD = "card"
    PASSPORT = "passport"
    TAX_NUMBER = "tax_number"
    INSURANCE = "insurance"
    SSN = "ssn"
    RESIDENT_ID = "resident_id"
    EMAIL = "email"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    NAME = "name"

    @property
    def mark(self) -> str:
        """What stands in its place."""
        return f"[{self.value.replace('_', ' ')}]"


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data that one party says.

    Attributes
    ----------
    kind
        What it is.
    first_word, last_word
        Places in the words given. Words of other speakers between them do not belong to it.
    span
        From the start of the first to the end of the last.
    speaker
        Who says it, as its words have it.
    """

    kind: Kind
    first_word: int
    last_word: int
    span: Span
    speaker: str | None = None


class PersonalDataPolicy(Policy):
    """Which personal data is looked for in the words of calls, and where it is hidden (docs/privacy.md)."""

    kinds: tuple[Kind, ...] = Setting(
        tuple(kind for kind in Kind if kind is not Kind.NAME),
        description="Kinds that are looked for. Names are left out by default: agents introduce themselves, and managers "
        "listen for that.",
    )
    redact_pages: bool = Setting(
        True, description="Whether call pages and their quotes have marks such as [phone] in place of what was found."
    )
    redact_sound: bool = Setting(
        False, description="Whether the sound of call pages has a tone in its place; without words nothing is found."
    )
    pad_ms: int = Setting(
        150, ge=0, le=2000, description="How far the tone reaches beyond the words on both sides: engines time them loosely."
    )
    tone_dbfs: float = Setting(-26.0, ge=-60, le=-6, description="Level of the tone.")
