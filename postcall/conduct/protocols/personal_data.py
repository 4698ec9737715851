"""Personal data: what the agent says that the customer has not said.

Definition
----------
`not_disclosed`: no run of at least ``_DIGITS`` digits said by the agent that the customer had not said before, in whole or in
its parts of ``_PART`` digits: a read-back is none. Phone, contract and card numbers, passports and tax numbers are such runs;
prices and dates are shorter.

Edge cases
----------
The company's own hotline is said by agents: phrases of the group ``own_numbers`` and digits that follow them do not count.

References
----------
rostelecom-11, mts-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postcall.conduct.results import Finding, Verdict, failed, passed
from postcall.conduct.scene import Scene
from postcall.language.numbers import digits_said, may_begin_digits
from postcall.language.phrase_ways import PhraseMatch
from postcall.language.tokens import Token
from postcall.telephony import Role

GROUPS = ("own_numbers",)
_DIGITS = 7
_PART = 4
_AFTER_MS = 8_000

Options = Mapping[str, float | str | bool]


def _runs(tokens: Sequence[Token], language: str) -> list[tuple[str, PhraseMatch]]:
    """Runs of digits of a party, with where they lie."""
    found, end = [], 0
    begins = {form for form in {token.form for token in tokens} if may_begin_digits(form, language)}
    for at, token in enumerate(tokens):
        if at < end or token.form not in begins:
            continue
        end, digits = digits_said(tokens, at, language)
        if digits:
            found.append((digits, PhraseMatch(at, end - 1, 1.0)))
    return found


def _not_disclosed(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    said_by_customer = "".join(digits for digits, _ in scene.of_words(_runs, Role.CUSTOMER))
    own = scene.said(Role.AGENT, "own_numbers")
    disclosed: list[Finding] = []
    for digits, match in scene.of_words(_runs, Role.AGENT):
        finding = scene.finding(Role.AGENT, match)
        parts = [digits[at : at + _PART] for at in range(len(digits) - _PART + 1)]
        is_read_back = parts and sum(part in said_by_customer for part in parts) >= len(parts) / 2
        is_own = any(0 <= finding.span.start_ms - one.span.start_ms <= _AFTER_MS for one in own)
        if len(digits) >= _DIGITS and not is_read_back and not is_own:
            disclosed.append(finding)
    if disclosed:
        return failed(f"{len(disclosed)} numbers that the customer had not said", disclosed, is_by_words=True)
    return passed(is_by_words=True)


STEPS = {"not_disclosed": _not_disclosed}
