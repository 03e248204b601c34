"""JSON as Windows PowerShell 5.1 writes it, and its values with their kinds checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from fleetaudit.parsers._text import decode, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JsonObject", "JsonProblem", "moment", "read_json", "signed", "tidy"]

LONGEST_TEXT: Final = 65_536
_UNSIGNED: Final = 2**32
_DAY_MINUTES: Final = 24 * 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){0,64}")


class JsonProblem(ValueError):  # noqa: N818 - it is always turned into an issue or an EvidenceError
    """A value is not what it must be; its text says which."""

    def __init__(self, key: str, value: object, wanted: str) -> None:
        super().__init__(f"{key} is {excerpt(value)}, not {wanted}" if key else wanted)


def read_json(data: bytes) -> Any:  # noqa: ANN401 - whatever a host sent
    """Return the value that ``data`` holds; lone surrogates become U+FFFD where they are read.

    Raises:
        JsonProblem: It is no JSON, or nested too deep.
    """
    try:
        return json.loads(decode(data))
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", type(error).__name__)
        raise JsonProblem("", None, f"it is no JSON ({reason})") from error


def tidy(text: str) -> str:
    """Return ``text`` without lone surrogates, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def signed(number: int) -> int:
    """Return a 32-bit registry number with its sign: 4294967236 is -60."""
    return number - _UNSIGNED if _UNSIGNED // 2 <= number < _UNSIGNED else number


def moment(value: object) -> datetime:
    """Return the time that ``value`` names, in UTC.

    ``2026-11-20T05:11:09.0000000Z``, ``/Date(1763712000000)/`` and the object that Windows
    PowerShell 5.1 makes of a time with a note property are understood.

    Raises:
        ValueError: It names none, or a local one.
    """
    if isinstance(value, dict):
        value = value.get("value")
    if not isinstance(value, str):
        raise ValueError("no time")  # noqa: TRY004 - one kind of error for whatever is no time
    milliseconds = _DATE.fullmatch(value)
    try:
        if milliseconds:
            return _EPOCH + timedelta(milliseconds=int(milliseconds[1]))
        read = datetime.fromisoformat(value)
        if read.tzinfo is None:
            raise ValueError("no offset")
        return read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond all times") from error


@dataclass(frozen=True, slots=True)
class JsonObject:
    """An object whose members are asked for by name and kind; :class:`JsonProblem` if missing."""

    members: Mapping[str, Any]
    path: str = ""

    @classmethod
    def of(cls, value: object) -> Self:
        """Return ``value`` as an object."""
        if not isinstance(value, dict):
            raise JsonProblem("the whole", value, "an object")
        return cls(value)

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.members.get(key)
        if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
            raise self._problem(key, "a text")
        return tidy(value)

    def optional_text(self, key: str) -> str:
        """Return a text; empty where there is none."""
        return self.text(key) if self.members.get(key) not in (None, "") else ""

    def number(self, key: str) -> int:
        """Return a whole number of 64 bits that is not below zero."""
        value = self.members.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise self._problem(key, "a whole number")
        return value

    def optional_number(self, key: str) -> int | None:
        """Return a whole number, or None where there is none."""
        return None if self.members.get(key) is None else self.number(key)

    def minutes(self, key: str, *, default: int | None = None) -> int:
        """Return minutes of at most a day, with the sign that the registry takes away."""
        value = self.members.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._problem(key, "a number of minutes")
        if abs(signed(value)) > _DAY_MINUTES:
            raise self._problem(key, "at most a day")
        return signed(value)

    def word(self, key: str) -> int:
        """Return 32 bits without a sign, which PowerShell may have read with one."""
        value = self.members.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._problem(key, "a whole number")
        if not -_UNSIGNED // 2 <= value < _UNSIGNED:
            raise self._problem(key, "32 bits")
        return value % _UNSIGNED

    def flag(self, key: str) -> bool:
        """Return true or false; it must be there."""
        value = self.members.get(key)
        if not isinstance(value, bool):
            raise self._problem(key, "true or false")
        return value

    def time(self, key: str) -> datetime:
        """Return a time in UTC; it must be there."""
        try:
            return moment(self.members.get(key))
        except ValueError as error:
            raise self._problem(key, "a time in UTC") from error

    def optional_time(self, key: str) -> datetime | None:
        """Return a time in UTC, or None where there is none."""
        return None if self.members.get(key) is None else self.time(key)

    def hexadecimal(self, key: str) -> bytes:
        """Return bytes written as hexadecimal digits; empty where there are none."""
        value = self.members.get(key) or ""
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise self._problem(key, "hexadecimal digits")
        return bytes.fromhex(value)

    def inner(self, key: str) -> JsonObject:
        """Return the object of that name; it must be there."""
        value = self.members.get(key)
        if not isinstance(value, dict):
            raise self._problem(key, "an object")
        return JsonObject(value, f"{self.path}{key}.")

    def optional_inner(self, key: str) -> JsonObject | None:
        """Return the object of that name, or None where there is none."""
        return None if self.members.get(key) is None else self.inner(key)

    def _problem(self, key: str, wanted: str) -> JsonProblem:
        if key not in self.members:
            return JsonProblem("", None, f"{self.path}{key} is missing")
        return JsonProblem(f"{self.path}{key}", self.members[key], wanted)
