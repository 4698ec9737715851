"""The key figures of a call, as its page shows them: value, what it is of, and why it is missing where it is.

Conventions
-----------
Nothing is computed but the form of a number. A figure that is missing shows a dash and the reason that the tables have.
"""

from __future__ import annotations

from dataclasses import dataclass

from flows.pages.call_facts import CallFacts, Row
from flows.pages.formats import Formats
from flows.pages.labels import Labels
from flows.pages.reasons import Reasons, reason_for


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure.

    Attributes
    ----------
    name
        For tests and styles.
    label, value, detail
        For the reader; ``detail`` is the reason where the value is missing.
    is_known
        Whether there is a value.
    is_bad
        Whether it speaks for listening to the call.
    agent_share
        Of talk, for a bar; None for other figures.
    """

    name: str
    label: str
    value: str
    detail: str = ""
    is_known: bool = True
    is_bad: bool = False
    agent_share: float | None = None


def figures_of(facts: CallFacts, labels: Labels) -> tuple[Figure, ...]:
    """The figures in the order in which the page shows them."""
    maker = _Maker(facts, labels)
    return (
        maker.talk(),
        maker.silence(),
        maker.dead_air(),
        maker.hold(),
        maker.mute(),
        maker.interruptions(),
        maker.overtalk(),
        maker.latency(),
        maker.rate(),
        maker.speed_of_answer(),
    )


def why_missing(facts: CallFacts, table: str, column: str, labels: Labels) -> str:
    """Why a column of a call is empty, in the reader's language; empty when the tables do not say."""
    row = facts.one(table)
    reason = reason_for(row.get("not_measurable"), column)
    if reason is None:
        skips = {skip["analyzer"]: skip["reason"] for skip in facts.all("run_skip")}
        reason = skips.get(table.removeprefix("call_")) if not row else None
    return Reasons(labels).say(reason)


@dataclass(frozen=True, slots=True)
class _Maker:
    facts: CallFacts
    labels: Labels

    def talk(self) -> Figure:
        row = self.facts.one("call_talk_time")
        share = row.get("agent_talk_share")
        if share is None:
            return self._missing("talk", "call_talk_time", "agent_talk_share")
        formats = self._formats
        lengths = {"agent": formats.length(row["agent_talk_ms"]), "customer": formats.length(row["customer_talk_ms"])}
        shares = f"{formats.share(share)} : {formats.share(1 - share)}"
        return self._known("talk", shares, self._t("by_agent_customer", **lengths), agent_share=share)

    def silence(self) -> Figure:
        row = self.facts.one("call_silence")
        if row.get("silence_ms") is None:
            return self._missing("silence", "call_silence", "silence_ms")
        parts = [self._t("of_conversation", share=self._formats.share(row["silence_share"]))]
        if row["longest_silence_ms"]:
            parts.append(self._t("longest", length=self._formats.length(row["longest_silence_ms"])))
        return self._known("silence", self._formats.length(row["silence_ms"]), ", ".join(parts))

    def dead_air(self) -> Figure:
        row = self.facts.one("call_dead_air")
        if row.get("dead_airs") is None:
            return self._missing("dead_air", "call_dead_air", "dead_airs")
        owed = row.get("agent_dead_air_ms")
        detail = self._t("owed_by_agent", length=self._formats.length(owed)) if owed else ""
        return self._counted("dead_air", row["dead_airs"], row["dead_air_ms"], detail, is_bad=bool(row.get("agent_dead_airs")))

    def hold(self) -> Figure:
        row = self.facts.one("call_hold")
        if row.get("holds") is None:
            return self._missing("hold", "call_hold", "holds")
        detail = self._t("by_record" if row["hold_basis"] == "call_record" else "by_audio")
        return self._counted("hold", row["holds"], row["hold_ms"], detail)

    def mute(self) -> Figure:
        row = self.facts.one("call_hold")
        if row.get("mutes") is None:
            return self._missing("mute", "call_hold", "mutes")
        return self._counted("mute", row["mutes"], row["mute_ms"], self._t("by_audio"))

    def interruptions(self) -> Figure:
        row = self.facts.one("call_overtalk")
        if row.get("agent_interruptions") is None:
            return self._missing("interruptions", "call_overtalk", "agent_interruptions")
        agent, customer = row["agent_interruptions"], row["customer_interruptions"]
        detail = self._t("by_agent_customer", agent=str(agent), customer=str(customer))
        return self._known("interruptions", str(agent + customer), detail, is_bad=agent > 0)

    def overtalk(self) -> Figure:
        row = self.facts.one("call_overtalk")
        if row.get("overtalk_ms") is None:
            return self._missing("overtalk", "call_overtalk", "overtalk_ms")
        share = self._t("of_speech", share=self._formats.share(row["overtalk_share"]))
        return self._known("overtalk", self._formats.length(row["overtalk_ms"]), share)

    def latency(self) -> Figure:
        row = self.facts.one("call_response_latency")
        if row.get("agent_latency_median_ms") is None:
            return self._missing("latency", "call_response_latency", "agent_latency_median_ms")
        p90 = row["agent_latency_p90_ms"]
        detail = self._t("median", length=self._formats.length(p90)) if p90 is not None else ""
        return self._known("latency", self._formats.length(row["agent_latency_median_ms"]), detail)

    def rate(self) -> Figure:
        row = self.facts.one("call_speaking_rate")
        for column, unit in (("agent_rate_wpm", "words_per_min"), ("agent_rate_cpm", "characters_per_min")):
            if row.get(column) is not None:
                return self._known("rate", self._formats.number(row[column]), self._t(unit))
        return self._missing("rate", "call_speaking_rate", "agent_rate_wpm")

    def speed_of_answer(self) -> Figure:
        row: Row = self.facts.one("call_speed_of_answer")
        if row.get("speed_of_answer_ms") is None:
            return self._missing("speed_of_answer", "call_speed_of_answer", "speed_of_answer_ms")
        parts = [self._t("by_record" if row["speed_of_answer_basis"] == "call_record" else "by_audio")]
        rings = self.facts.one("call_ringing").get("rings")
        if rings is not None:
            parts.append(self._t("rings", count=str(rings)))
        is_late = row.get("is_answered_in_seconds") is False
        return self._known("speed_of_answer", self._formats.length(row["speed_of_answer_ms"]), ", ".join(parts), is_bad=is_late)

    def _counted(self, name: str, count: int, length_ms: int | None, detail: str, *, is_bad: bool = False) -> Figure:
        if not count:
            return self._known(name, self.labels.get("common.none"), detail)
        parts = [self._t("times", count=str(count)), *([detail] if detail else [])]
        return self._known(name, self._formats.length(length_ms), ", ".join(parts), is_bad=is_bad)

    def _known(self, name: str, value: str, detail: str, *, is_bad: bool = False, agent_share: float | None = None) -> Figure:
        return Figure(name, self._t(name), value, detail, is_bad=is_bad, agent_share=agent_share)

    def _missing(self, name: str, table: str, column: str) -> Figure:
        why = why_missing(self.facts, table, column, self.labels)
        return Figure(name, self._t(name), "–", why or self.labels.get("common.not_known"), is_known=False)

    @property
    def _formats(self) -> Formats:
        return Formats(self.labels)

    def _t(self, name: str, **places: str) -> str:
        return self.labels.get(f"figures.{name}", **places)
