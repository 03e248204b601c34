"""The run log: a line of JSON for everything that an observer hears.

::

    {"at": "2026-11-21T08:00:01+00:00", "run_id": "20261121T080000Z", "event": "step-finished",
     "host": "web01", "what": "connect", "duration_s": 0.41}
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Self

from fleetaudit.store import _json
from fleetaudit.store._paths import append

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["RunLog"]

_LOGGER: Final = logging.getLogger(__name__)
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_TEXT: Final = 2000


class RunLog:
    """An observer that writes each event, a dataclass, as one line; used by one thread at a time.

    Empty fields are left out; long texts of a host are cut. Where it cannot be written, as on a
    full disk, it ends and says so: the run goes on without it.
    """

    def __init__(self, path: Path, *, run_id: str) -> None:
        self._path = path
        self._stream = append(path)
        self._run_id = run_id

    def __call__(self, event: Any) -> None:  # noqa: ANN401 - any dataclass; the store knows no plan
        """Write the event."""
        fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
        name = _WORD.sub("-", type(event).__name__).lower()
        line = {"at": fields.pop("at", ""), "run_id": self._run_id, "event": name, **fields}
        kept = {key: _plain(value) for key, value in line.items() if value not in ("", (), None)}
        if self._stream.closed:
            return
        try:
            self._stream.write(_json.encode(kept, indent=None))
            self._stream.flush()
        except OSError as error:
            _LOGGER.error("%s ends here, it cannot be written: %s", self._path, error.strerror)  # noqa: TRY400 - a full disk needs no traceback
            self.close()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # said when it was written
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, int | float) or value is None:
        return value
    return str(value)[:_LONGEST_TEXT]
