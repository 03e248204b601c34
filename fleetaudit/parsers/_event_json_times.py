"""The time of an event as shippers write it, as a text that becomes a timestamp."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fleetaudit.parsers._json import moment

__all__ = ["time_text"]

_USUAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z", re.ASCII
)
_ZONED: Final = re.compile(r"(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})\Z")
_DATED: Final = re.compile(
    r"(?P<day>[0-9]{4}[-/][0-9]{2}[-/][0-9]{2})[T ](?P<time>[0-9]{2}:[0-9:]{2,5})"
)
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?", re.ASCII)
_REST: Final = re.compile(
    r"(?:[.,](?P<fraction>[0-9]{1,18}))?\s?(?P<zone>[zZ]|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SINCE_1601_S: Final = 11_644_473_600
_SINCE_YEAR_1_S: Final = 62_135_596_800
_SCALES: Final = (
    (10**11, 1, 0),
    (10**14, 10**3, 0),
    (10**17, 10**6, 0),
    (5 * 10**17, 10**7, _SINCE_1601_S),
    (10**18, 10**7, _SINCE_YEAR_1_S),
    (10**20, 10**9, 0),
)
"""Below which number what is a second of it, and since when: seconds, milliseconds, microseconds of
Unix, FILETIME, .NET's ticks, nanoseconds of Unix. Of this century none is taken for another."""


def time_text(value: object) -> tuple[str, bool]:
    """Return the time as text and whether it says its zone; an empty text where it is no time.

    A text that is no time known here is returned as it is.
    """
    if isinstance(value, str) and _USUAL.fullmatch(value):
        return value, True
    if isinstance(value, dict):
        value = next((value[key] for key in ("SystemTime", "$date", "value") if key in value), "")
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return "", False
    text = str(value).strip()
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        return _counted(text)
    if text.startswith("/Date("):
        try:
            return moment(text).isoformat(), True
        except ValueError:
            return text, True
    return _dated(text)


def _dated(text: str) -> tuple[str, bool]:
    found = _DATED.match(text)
    rest = _REST.fullmatch(text, found.end()) if found else None
    if not found or not rest:
        return text, bool(_ZONED.search(text))
    zone = rest["zone"] or ""
    if not zone:
        return text, False
    if zone.upper() in {"Z", "UTC", "GMT"}:
        zone = "Z"
    fraction = f".{rest['fraction'][:9]}" if rest["fraction"] else ""
    return f"{found['day'].replace('/', '-')}T{found['time']}{fraction}{zone}", True


def _counted(text: str) -> tuple[str, bool]:
    """Return the time that a number counts."""
    whole, _, fraction = text.partition(".")
    number = int(whole) if whole.isdigit() else -1
    for limit, unit, since in _SCALES:
        if not 0 <= number < limit:
            continue
        seconds, below = divmod(number, unit)
        digits = f"{below:0{len(str(unit)) - 1}d}" if unit > 1 else fraction
        try:
            day = _EPOCH + timedelta(seconds=seconds - since)
        except OverflowError:
            break
        nanoseconds = f".{digits[:9]}" if digits else ""
        return f"{day:%Y-%m-%dT%H:%M:%S}{nanoseconds}Z", True
    return text, False
