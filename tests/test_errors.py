import inspect
import re

from fleetaudit import errors


def _drawn() -> list[tuple[int, str]]:
    pattern = re.compile(r"^    ([│ ]*(?:[├└]── )?)(\w+Error)$", re.MULTILINE)
    assert errors.__doc__ is not None
    return [(len(m[1]) // 4, m[2]) for m in pattern.finditer(errors.__doc__)]


def _real(cls: type, depth: int = 0) -> list[tuple[int, str]]:
    below = [c for c in vars(errors).values() if inspect.isclass(c) and c.__bases__ == (cls,)]
    return [(depth, cls.__name__)] + [pair for c in below for pair in _real(c, depth + 1)]


def test_the_drawing_of_the_errors_equals_the_classes() -> None:
    assert _drawn() == _real(errors.FleetauditError)


def test_an_error_says_host_then_stage_then_what_happened_then_the_remedy() -> None:
    error = errors.HostUnreachableError(
        "no answer", host="web01", stage="connecting", remedy="Check the firewall"
    )
    assert str(error) == "web01: while connecting: no answer. Check the firewall."


def test_an_inventory_error_names_file_and_line() -> None:
    error = errors.InventoryError("the key is unknown", file="hosts.yml", line=3)
    assert str(error) == "hosts.yml, line 3: the key is unknown."
