"""How pages write times, lengths, shares and dates."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from flows.pages.labels import Labels


class Formats:
    """Numbers as readers of a language write them.

    Parameters
    ----------
    labels
        Words of the language.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels

    def clock(self, ms: int) -> str:
        """A place in a recording: ``1:07``, ``1:02:07``."""
        seconds = max(0, ms) // 1000
        hours, minutes = seconds // 3600, seconds // 60 % 60
        return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"

    def length(self, ms: int | None) -> str:
        """How long something lasts: ``4.7 s``, ``2:05``; a dash when not known."""
        if ms is None:
            return "–"
        if ms >= 60_000:
            return self.clock(round(ms / 1000) * 1000)
        return f"{self._decimal(f'{ms / 1000:.1f}')} {self._labels.get('common.seconds_short')}"

    def share(self, share: float | None) -> str:
        """``83 %``; a dash when not known."""
        return "–" if share is None else f"{share * 100:.0f} %"

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with so many digits behind the point; a dash when not known."""
        return "–" if value is None else self._decimal(f"{value:.{digits}f}")

    def day(self, day: date) -> str:
        """``2 March 2026``, ``2 марта 2026``, ``2026年3月2日``."""
        month = self._labels.get(f"months.m{day.month}")
        return self._labels.get("months.day", day=day.day, month=month, year=day.year, number=day.month)

    def moment(self, moment: datetime, zone: tzinfo) -> str:
        """Day and time of day in a zone."""
        local = moment.astimezone(zone)
        return f"{self.day(local.date())}, {local:%H:%M:%S}"

    def _decimal(self, text: str) -> str:
        return text.replace(".", ",") if self._labels.language == "ru" else text
