r"""Local times of a host to UTC, by the rules of its time zone.

The rules are those of ``HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation``; UTC is local
time plus the bias (learn.microsoft.com: TIME_ZONE_INFORMATION). ``StandardStart`` and
``DaylightStart`` there are eight 16-bit numbers in the order of the kernel's TIME_FIELDS, with the
weekday last, unlike SYSTEMTIME. A sample, W. Europe, the last Sunday of October at 3 o'clock::

    "StandardStart"=hex:00,00,0a,00,05,00,03,00,00,00,00,00,00,00,00,00
                        year  month day   hour  min   s     ms    weekday

With the year 0 the day is the first (1) to last (5) such weekday of the month, every year. The
registry holds the rules of this year only, so times of a year that had other rules can be off.
"""

from __future__ import annotations

import struct
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetaudit.records.host import TimeZone

__all__ = ["LocalClock"]

_FIELDS: Final = struct.Struct("<8H")
_MINUTE_S: Final = 60
_LAST: Final = 5
_MONTHS: Final = 12
_WEEK: Final = 7
_MOST_MS: Final = 999
_FIRST_YEAR: Final = 1971
_LAST_YEAR: Final = 2260


class _Rule(NamedTuple):
    """When a bias begins, in the local time that ends with it."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int
    weekday: int

    def moment(self, year: int) -> int:
        """Return the seconds since 1970, of local time, at which it begins in ``year``."""
        time = datetime(year, self.month, 1, self.hour, self.minute, self.second, tzinfo=UTC)
        if self.year:
            time = time.replace(day=self.day)
        else:
            # datetime's Sunday is 6, that of Windows is 0.
            ahead = (self.weekday - time.weekday() - 1) % _WEEK + _WEEK * (self.day - 1)
            while ahead >= monthrange(year, self.month)[1]:
                ahead -= _WEEK
            time += timedelta(days=ahead)
        return int(time.timestamp()) + (self.millisecond > 0)


class _Stretch(NamedTuple):
    """From ``start`` (seconds of local time) on, a bias holds, maybe not beyond doubt."""

    start: int
    bias_s: int
    is_ambiguous: bool


class LocalClock:
    """Turns local times into UTC; made by :meth:`of_zone` or :meth:`of_offset`."""

    def __init__(
        self, bias_minutes: int, *, rules: tuple[_Rule, _Rule] | None, zone: TimeZone | None
    ) -> None:
        self._bias_s = bias_minutes * _MINUTE_S
        self._rules = rules
        self._zone = zone
        self._has_doubt = zone is None
        self._years = (0, -1)
        self._stretches: list[_Stretch] = []

    @classmethod
    def of_offset(cls, minutes: int) -> Self:
        """Return the clock that is always ``minutes`` ahead of UTC; ambiguity is unknown."""
        return cls(-minutes, rules=None, zone=None)

    @classmethod
    def of_zone(cls, zone: TimeZone) -> Self:
        """Return the clock that follows the rules of ``zone``.

        Where they cannot be read, or the bias in force is none of theirs, it is that bias at all
        times, and what is ambiguous is unknown.
        """
        active = zone.active_bias_minutes
        biases = (
            zone.bias_minutes + zone.standard_bias_minutes,
            zone.bias_minutes + zone.daylight_bias_minutes,
        )
        starts = (zone.standard_start, zone.daylight_start)
        if not any(b"".join(starts)):
            return cls(active, rules=None, zone=zone)
        standard, daylight = (_rule(start) for start in starts)
        if standard is None or daylight is None or active not in biases:
            return cls(active, rules=None, zone=None)
        return cls(active, rules=(standard, daylight), zone=zone)

    def utc(self, local: Any) -> tuple[Any, Any]:  # noqa: ANN401 - pyarrow has no type information
        """Return UTC and whether it is ambiguous, for an int64 array of seconds since 1970.

        The hour that comes twice in autumn is read as its first pass, and a time that the clock
        skips in spring as if it had not been put forward yet; both are ambiguous. Where that is
        not known, it is null.
        """
        limits = pc.min_max(local)
        first, last = limits["min"].as_py(), limits["max"].as_py()
        if first is None or self._rules is None:
            return self._constant(local)
        around = self._around(first, last)
        bias = pa.scalar(around[0].bias_s, pa.int64())
        if len(around) == 1:
            flags = pa.repeat(pa.scalar(around[0].is_ambiguous), len(local))
            return pc.add(local, bias), flags
        flags = pa.scalar(around[0].is_ambiguous)
        for stretch in around[1:]:
            is_after = pc.greater_equal(local, pa.scalar(stretch.start, pa.int64()))
            bias = pc.if_else(is_after, pa.scalar(stretch.bias_s, pa.int64()), bias)
            flags = pc.if_else(is_after, pa.scalar(stretch.is_ambiguous), flags)
        return pc.add(local, bias), flags

    def _constant(self, local: Any) -> tuple[Any, Any]:  # noqa: ANN401 - pyarrow has no type information
        flag = pa.scalar(None if self._has_doubt else False, pa.bool_())
        return pc.add(local, pa.scalar(self._bias_s, pa.int64())), pa.repeat(flag, len(local))

    def _around(self, first: int, last: int) -> Sequence[_Stretch]:
        """Return the stretches that the times from ``first`` to ``last`` lie in."""
        years = (_year(first) - 1, _year(last) + 1)
        if years[0] < self._years[0] or years[1] > self._years[1]:
            self._years = years
            self._stretches = list(self._drawn(range(years[0], years[1] + 1)))
        found = self._stretches
        begin = max((at for at, one in enumerate(found) if one.start <= first), default=0)
        end = max((at for at, one in enumerate(found) if one.start <= last), default=0)
        return found[begin : end + 1]

    def _drawn(self, years: range) -> Iterator[_Stretch]:
        """Yield the stretches of ``years`` in order, the first without a beginning."""
        zone, rules = self._zone, self._rules
        if zone is None or rules is None:
            return
        standard = (zone.bias_minutes + zone.standard_bias_minutes) * _MINUTE_S
        daylight = (zone.bias_minutes + zone.daylight_bias_minutes) * _MINUTE_S
        turns = sorted(
            (rule.moment(year), before, after)
            for rule, before, after in (
                (rules[0], daylight, standard),
                (rules[1], standard, daylight),
            )
            for year in ([rule.year] if rule.year else years)
        )
        yield _Stretch(-(2**62), turns[0][1] if turns else self._bias_s, is_ambiguous=False)
        for moment, before, after in turns:
            skipped = before - after
            yield _Stretch(moment + min(skipped, 0), before, is_ambiguous=skipped != 0)
            yield _Stretch(moment + max(skipped, 0), after, is_ambiguous=False)


def _rule(start: bytes) -> _Rule | None:
    """Return the rule that the registry's 16 bytes hold; None where they are no date."""
    if len(start) != _FIELDS.size:
        return None
    rule = _Rule(*_FIELDS.unpack(start))
    is_day = 1 <= rule.day <= _LAST or rule.year
    if not (1 <= rule.month <= _MONTHS and is_day and rule.weekday < _WEEK):
        return None
    if rule.millisecond > _MOST_MS or (rule.year and not _FIRST_YEAR <= rule.year <= _LAST_YEAR):
        return None
    try:
        rule.moment(rule.year or _FIRST_YEAR)
    except ValueError:
        return None
    return rule


def _year(seconds: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return min(max(moment.year, _FIRST_YEAR), _LAST_YEAR)
