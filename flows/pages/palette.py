"""Colours and fonts that every page and chart of the product shares.

Conventions
-----------
The colours are those of Okabe and Ito, which people with any of the common colour deficiencies tell apart, and each has one
meaning everywhere: the agent is blue in a chart, in a timeline and in a transcript. Colour is never the only sign: shape,
hatching or a word says the same.

``*_INK`` are darker shades of the same hue for text: they reach a contrast of at least 4.5 : 1 on `SURFACE`, which the
colours themselves do not.

References
----------
Okabe, Ito (2008): Color Universal Design; WCAG 2.2, success criterion 1.4.3.
"""

from __future__ import annotations

from typing import Final

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"

INK: Final = "#1B2733"
"""Text."""
MUTED: Final = "#5A6672"
"""Text of less weight, axes."""
LINE: Final = "#D9DFE5"
"""Borders, grid lines."""
SURFACE: Final = "#FFFFFF"
"""Cards, charts."""
PAGE: Final = "#F4F6F8"
"""Behind the cards."""
SHADE: Final = "#EBEFF3"
"""Heads of tables, what the pointer is over."""

AGENT: Final = BLUE
CUSTOMER: Final = ORANGE
MENU: Final = "#8A96A3"
UNKNOWN: Final = "#8A96A3"
OVERTALK: Final = VERMILION
SILENCE: Final = "#B3BCC6"
DEAD_AIR: Final = PURPLE
HOLD: Final = SKY
TALK: Final = BLUE
AFTER_CALL_WORK: Final = MUTED
MUTE: Final = YELLOW
RING: Final = "#8A96A3"

PASSED: Final = GREEN
FAILED: Final = VERMILION
NOT_APPLICABLE: Final = "#B3BCC6"
NOT_MEASURABLE: Final = "#8A96A3"
TARGET: Final = INK
"""Line of a target, e.g. 95 % of calls without hold; drawn dashed."""

AGENT_INK: Final = "#005A8D"
CUSTOMER_INK: Final = "#875800"
PASSED_INK: Final = "#00694D"
FAILED_INK: Final = "#A84A00"
DEAD_AIR_INK: Final = "#95447A"

SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, INK, YELLOW)
"""Colours of categories that have no colour of their own (queues, teams), in the order of use."""

SCALE: Final = ("#F4F6F8", "#C6DDEE", "#8FBFDD", "#4E9AC8", "#0072B2", "#004B76")
"""From low to high, one hue: for heat maps."""

FONT: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans SC', 'Noto Sans CJK SC', 'PingFang SC', "
    "'Microsoft YaHei', 'DejaVu Sans', sans-serif"
)
"""Fonts of the reader's machine, with Cyrillic and Chinese; nothing is fetched."""


def css_variables() -> str:
    """The palette as CSS custom properties, for `style.css`: ``--agent``, ``--failed-ink``, ``--font``, …"""
    named = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
    lines = "".join(f"  --{name.lower().replace('_', '-')}: {value};\n" for name, value in named.items())
    return f":root {{\n{lines}}}\n"
