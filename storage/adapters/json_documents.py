"""JSON objects as telephone systems deliver them: one, a list, one on each line, or written after one another without a break.

Edge cases
----------
What is no JSON costs its own line: reading goes on at the next one. A number that JSON does not know (NaN), nesting that has
no end and a key that stands twice are no JSON here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from postcall.errors import TelephonyError
from storage.record_fields import BLANKS
from storage.record_files import decode

_BETWEEN = re.compile(f"[{BLANKS},]*")


def documents(data: bytes, *, lists: tuple[str, ...] = ()) -> tuple[list[tuple[int, dict[str, Any] | None]], str]:
    """Every JSON object of a file with its line, None where there is none; and the encoding.

    Parameters
    ----------
    data
        The file.
    lists
        Keys of an object that holds nothing but a list of the objects that are looked for.

    Raises
    ------
    TelephonyError
        ``empty_file``, or ``not_a_table``: not one object.
    """
    text, encoding = decode(data)
    if not text.strip(BLANKS):
        raise TelephonyError("the call-record file is empty", hint="was its delivery broken off?", code="empty_file")
    found = [(line, one) for line, value in _values(text) for one in _objects(value, lists)]
    if all(one is None for _, one in found):
        raise TelephonyError(
            "the call-record file cannot be read: it holds no JSON object",
            hint="deliver the JSON of the telephone system as it writes it, unpacked, in UTF-8",
            code="not_a_table",
        )
    return found, encoding


def _values(text: str) -> Iterator[tuple[int, object]]:
    decoder = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    position, line = 0, 1
    while True:
        blanks = _BETWEEN.match(text, position)
        start = blanks.end() if blanks else position
        line += text.count("\n", position, start)
        if start >= len(text):
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            newline = text.find("\n", start)
            value, end = None, len(text) if newline < 0 else newline
        yield line, value
        line += text.count("\n", start, end)
        position = end


def _objects(value: object, lists: tuple[str, ...]) -> Iterator[dict[str, Any] | None]:
    if isinstance(value, dict):
        inner = next((value[key] for key in lists if isinstance(value.get(key), list)), None)
        if inner is None:
            yield value
            return
        value = inner
    if isinstance(value, list):
        for one in value:
            yield one if isinstance(one, dict) else None
        return
    yield None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def at(value: object, *path: str | int) -> Any:
    """What lies at a path of keys and indexes; None where there is nothing."""
    for key in path:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """Text or a whole number at a path, as text; empty where there is neither."""
    found = at(value, *path)
    return str(found).strip(BLANKS) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def objects_at(value: object, *path: str | int) -> list[Mapping[str, Any]]:
    """The objects of a list at a path; none where there is no list."""
    found = at(value, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def from_unix_us(microseconds: str) -> str:
    """Unix time in microseconds -> ISO 8601; empty for none, which is written as 0, and the text itself where it is none."""
    if not (microseconds.isascii() and microseconds.isdigit()) or len(microseconds) > 18:
        return microseconds
    if int(microseconds) == 0:
        return ""
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds))).isoformat()
