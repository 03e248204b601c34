"""What a script emits in ConstrainedLanguage, made of what it emits in FullLanguage.

There ``Send-File`` has another form (``fleetaudit/scripts/functions/constrained``): certutil
encodes the file, 64 characters a line, and pieces of 4,096 lines are sent without compression.
"""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Final

from fleetaudit.records.wire import Encoding, Kind
from fleetaudit.simulation._seam import Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["constrained"]

_PIECE_BYTES: Final = 4096 * 48
"""4,096 lines of base64, 48 bytes a line."""


def constrained(emissions: Iterable[Emission]) -> Iterator[Emission]:
    """Yield ``emissions``, every file of it sent as the constrained ``Send-File`` sends it."""
    pieces: list[str] = []
    for emission in emissions:
        record = emission.value if isinstance(emission, Output) else None
        kind = record.get("Kind") if isinstance(record, dict) else None
        if not isinstance(record, dict) or kind not in (Kind.PIECE, Kind.TRAILER):
            yield emission
        elif kind == Kind.PIECE:
            pieces.append(str(record["Data"]))
        else:
            packed = b"".join(map(base64.b64decode, pieces))
            pieces.clear()
            name = str(record["Name"])
            content = gzip.decompress(packed) if record["Encoding"] == Encoding.GZIP else packed
            starts = range(0, len(content), _PIECE_BYTES)
            for index, start in enumerate(starts):
                data = base64.b64encode(content[start : start + _PIECE_BYTES]).decode("ascii")
                yield Output({"Kind": "Piece", "Name": name, "Index": index, "Data": data})
            yield Output({**record, "Encoding": Encoding.NONE.value, "Pieces": len(starts)})
