"""The values of one host's variables: decrypted, and rendered where they are templates.

``!vault`` and ``!unsafe`` values are never rendered (ecosystem section 2, rule 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fleetaudit.inventory.psrp_variables import SECRET_VARIABLES
from fleetaudit.inventory.templates import BadTemplateError, is_template, template
from fleetaudit.inventory.values import Literal, Origin, Variable, Vaulted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.errors import InventoryError
    from fleetaudit.inventory.values import Variables
    from fleetaudit.inventory.vault import Vault

__all__ = ["HostValues", "Value"]

_DEEPEST: Final = 50
_REMEDY: Final = (
    "Resolve it in a playbook and pass the result as JSON by '--inventory -'; fleetaudit itself "
    "renders only {{ name }}, upper, lower, default and lookup('env', NAME)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a variable is worth on one host.

    Attributes:
        content: A scalar, list or mapping; never None.
        is_secret: Whether a vaulted value went into it, so that it is never shown.
        origin: Where the variable is written.
    """

    content: object = field(repr=False)
    is_secret: bool
    origin: Origin


class HostValues:
    """Looks up one host's variables; each is decrypted and rendered once, when it is asked for.

    Args:
        host: The inventory name.
        variables: The host's variables, all layers merged.
        vault: Decrypts ``!vault`` values.
        environment: What ``lookup('env', NAME)`` sees.
        is_resolved: Whether the source has rendered everything, so that braces are plain text.
    """

    def __init__(
        self,
        host: str,
        variables: Variables,
        *,
        vault: Vault,
        environment: Mapping[str, str],
        is_resolved: bool = False,
    ) -> None:
        self.host = host
        self.variables = variables
        self._vault = vault
        self._environment = environment
        self._is_resolved = is_resolved
        self._known: dict[str, Value | None] = {
            name: Value(content=text, is_secret=False, origin=Origin(file="the host's name"))
            for name, text in (
                ("inventory_hostname", host),
                ("inventory_hostname_short", host.partition(".")[0]),
            )
        }
        self._under_way: list[str] = []

    def get(self, name: str) -> Value | None:
        """Return the value of ``name``; None where the host has none or it is null.

        Raises:
            InventoryError: It cannot be decrypted or rendered; names host and variable.
        """
        if name not in self._known:
            variable = self.variables.get(name)
            self._known[name] = None if variable is None else self._resolve(name, variable)
        return self._known[name]

    def _resolve(self, name: str, variable: Variable) -> Value | None:
        value, origin = variable.value, variable.origin
        if isinstance(value, Vaulted):
            what = f"variable {name} of host {self.host}"
            plain = self._vault.decrypt(value.text, origin=origin, what=what)
            return Value(content=plain, is_secret=True, origin=origin)
        if isinstance(value, Literal):
            value = value.value
        elif isinstance(value, str) and not self._is_resolved and is_template(value):
            return self._render(name, value, variable)
        if value is None:
            return None
        return Value(content=value, is_secret=variable.is_vaulted, origin=origin)

    def _render(self, name: str, text: str, variable: Variable) -> Value | None:
        origin = variable.origin
        try:
            parsed = template(text)
        except BadTemplateError as error:
            raise self._error(name, origin, f"is a template that {error}") from None
        if name in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(name) :], name])
            raise self._error(name, origin, f"is a template that needs itself: {circle}")
        if len(self._under_way) == _DEEPEST:
            raise self._error(name, origin, "is a template within too many others")
        self._under_way.append(name)
        try:
            needed = {other: self.get(other) for other in parsed.names}
        finally:
            self._under_way.pop()
        context = {
            other: None if value is None else value.content
            for other, value in needed.items()
            if value is not None or other in self.variables
        }
        try:
            content = parsed.render({**context, "lookup": self._lookup})
        except BadTemplateError:
            missing = self._named(name, parsed.names - context.keys())
            happened = f"is a template that needs {missing}, which this host does not have"
            raise self._error(name, origin, happened) from None
        if content is None:
            return None
        is_secret = variable.is_vaulted or any(
            value.is_secret for value in needed.values() if value is not None
        )
        return Value(content=content, is_secret=is_secret, origin=origin)

    def _named(self, name: str, missing: frozenset[str]) -> str:
        """Return the missing names, unless they may be a password that was taken for a template."""
        is_secret = not SECRET_VARIABLES.isdisjoint({name, *self._under_way})
        return "a variable" if is_secret or not missing else ", ".join(sorted(missing))

    def _lookup(self, _plugin: str, name: str) -> str:
        return self._environment.get(str(name), "")

    def _error(self, name: str, origin: Origin, happened: str) -> InventoryError:
        return origin.error(f"variable {name} of host {self.host} {happened}", remedy=_REMEDY)
