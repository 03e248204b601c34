import ast
import re
from collections.abc import Iterator
from pathlib import Path

import fleetaudit

PACKAGE = Path(fleetaudit.__file__).parent
LONGEST_MODULE = 400
LONGEST_FUNCTION = 50
VAGUE = {"utils", "helpers", "common", "manager", "base"}


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _functions() -> Iterator[tuple[str, int]]:
    for module in _modules():
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = ast.get_docstring(node, clean=False) or ""
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{module.relative_to(PACKAGE)}:{node.name}", lines - docstring.count("\n")


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(m.relative_to(PACKAGE)): len(m.read_text().splitlines()) for m in _modules()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    assert [(name, n) for name, n in _functions() if n > LONGEST_FUNCTION] == []


def test_no_name_of_a_module_is_vague() -> None:
    assert [m for m in _modules() if m.stem.strip("_") in VAGUE] == []


def test_no_python_string_holds_powershell() -> None:
    suspicious = ("$ErrorActionPreference", "$LASTEXITCODE", "[CmdletBinding()]")
    found = [
        f"{module.relative_to(PACKAGE)}:{node.lineno}"
        for module in _modules()
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(mark in node.value for mark in suspicious)
        and "\n" in node.value
        and "param(" in node.value.replace("param()", "")
    ]
    assert found == []


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5, Debian 12's among them, matches such a group wrongly."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")
    found = [
        f"{module.relative_to(PACKAGE)}:{node.lineno}"
        for module in _modules()
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and possessive.search(node.value)
        and "(?:" in node.value
    ]
    assert found == []
