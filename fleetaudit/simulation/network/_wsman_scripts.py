"""What a simulated host makes of the commands of a pipeline before the engine sees them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fleetaudit.records.host import LanguageMode
from fleetaudit.simulation._seam import ErrorText, ScriptRequest, TerminatingError
from fleetaudit.simulation.network._wire_faults import spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation._seam import Emission, Engine
    from fleetaudit.simulation.network._psrp_commands import Command
    from fleetaudit.simulation.network._wire_faults import Hang
    from fleetaudit.simulation.network._wsman_endpoint import ServedHost

__all__ = ["ScriptRunner"]

_NO_LANGUAGE: Final = ErrorText(
    message="The syntax is not supported by this runspace. "
    "This can occur if the runspace is in no-language mode.",
    fully_qualified_id="ScriptsNotAllowed",
    category=16,
)
"""What a session without a language says to any script (recorded: no_language)."""


_CONSTRAINED: Final = ErrorText(
    message="Cannot invoke method. Method invocation is supported only on core types in this "
    "language mode.",
    fully_qualified_id="MethodInvocationNotSupportedInConstrainedLanguage",
    category=7,
)
_STATIC_CALL: Final = re.compile(r"\[([\w.]+)\]::\w+\(")
_CORE_TYPES: Final = frozenset(
    {"bigint", "bool", "byte", "char", "datetime", "decimal", "double", "guid", "hashtable"}
    | {"int", "long", "regex", "string", "timespan", "uint32", "uint64", "uri", "version", "xml"}
)
"""Types whose methods ConstrainedLanguage allows (Microsoft: about_Language_Modes)."""


class ScriptRunner:
    """Turns statements into a request of the engine, where the session allows it.

    Args:
        engine: Answers.
        identify: Returns the name of the script whose text it is given, or nothing.
    """

    def __init__(self, engine: Engine, identify: Callable[[str], str]) -> None:
        self._engine = engine
        self._identify = identify

    def name_of(self, statements: list[list[Command]]) -> str:
        """Return the name of the script or function that the last statement runs."""
        command = statements[-1][0]
        return self._identify(command.text) if command.is_script else command.text

    def run(
        self, host: ServedHost, statements: list[list[Command]], *, is_jea: bool
    ) -> Iterator[Emission | Hang]:
        """Return what reaches the client, lazily."""
        command = statements[-1][0]
        refusal = _refusal(host, statements, is_jea=is_jea)
        if refusal is not None:
            return iter((TerminatingError(refusal),))
        request = ScriptRequest(
            host=host.name,
            script=self.name_of(statements),
            text=command.text,
            parameters=command.parameters,
        )
        return spoil(self._engine.answer(request), host.fault)


def _refusal(
    host: ServedHost, statements: list[list[Command]], *, is_jea: bool
) -> ErrorText | None:
    commands = [command for statement in statements for command in statement]
    has_language = host.language_mode != LanguageMode.NONE and not is_jea
    if not has_language and any(command.is_script for command in commands):
        return _NO_LANGUAGE
    if host.language_mode == LanguageMode.CONSTRAINED:
        # PowerShell refuses when it comes to the call; every script of ours comes to it.
        for command in commands:
            called = {found[1].lower() for found in _STATIC_CALL.finditer(command.text)}
            if command.is_script and not called <= _CORE_TYPES:
                return _CONSTRAINED
    if is_jea:
        for command in commands:
            if command.text not in (host.jea or ()):
                return _unknown_command(command.text)
    return None


def _unknown_command(name: str) -> ErrorText:
    return ErrorText(
        message=f"The term '{name}' is not recognized as a name of a cmdlet, function, script "
        "file, or executable program.\nCheck the spelling of the name, or if a path was "
        "included, verify that the path is correct and try again.",
        fully_qualified_id="CommandNotFoundException",
        category=13,
        target=name,
    )
