from typing import Final

import pyarrow as pa
import pytest

from fleetaudit.analysis.coverage import firewall_log_gaps

LOST: Final = "INFO-EVENTS-LOST"


def _log(*lines: tuple[str, str | None]) -> pa.Table:
    actions, infos = zip(*lines, strict=True)
    text = pa.array(actions, pa.string()).dictionary_encode()
    return pa.table({"action": text, "info": pa.array(infos, pa.string())})


def test_events_that_the_firewalls_log_lost_are_a_gap() -> None:
    (gap,) = firewall_log_gaps("web01", _log(("DROP", None), (LOST, "7"), (LOST, "1200")))
    assert (gap.kind, gap.host) == ("log-events-lost", "web01")
    assert gap.what == "The firewall's log says that it lost events, 1,207 in all (2 x)"


@pytest.mark.parametrize("info", [None, "", "-7", "many", "\u0663", "9" * 5000])
def test_a_number_that_is_none_is_not_counted(info: str | None) -> None:
    (gap,) = firewall_log_gaps("web01", _log((LOST, info)))
    assert gap.what.endswith("0 in all (1 x)")


def test_a_log_that_lost_nothing_or_is_not_there_is_no_gap() -> None:
    assert list(firewall_log_gaps("web01", _log(("DROP", None)))) == []
    assert list(firewall_log_gaps("web01", None)) == []
