"""A variable's value, turned into what its option takes; an error never shows a secret."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Final

from fleetaudit.inventory.psrp_variables import Kind
from fleetaudit.inventory.winrm_hosts import TRANSPORT_VARIABLE, auth_of
from fleetaudit.records.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.errors import InventoryError
    from fleetaudit.inventory.host_values import Value
    from fleetaudit.inventory.psrp_variables import Option

__all__ = ["convert"]

_TRUE: Final = frozenset({"y", "yes", "on", "1", "true", "t"})
_FALSE: Final = frozenset({"n", "no", "off", "0", "false", "f"})
_LONGEST_SHOWN: Final = 60


def convert(
    value: Value, option: Option, *, variable: str, host: str, environment: Mapping[str, str]
) -> object:
    """Return ``value`` as the type that ``option`` has in Connection.

    Args:
        value: What the variable is worth on the host.
        option: What it is wanted for.
        variable: Its name, for errors.
        host: The host's name, for errors.
        environment: HOME stands for ``~`` in the name of a file.

    Raises:
        InventoryError: It has another type, or is not among the choices or within the limits.
    """
    conversion = _Conversion(
        value, option, subject=f"{variable} of host {host}", home=environment.get("HOME", "")
    )
    if variable == TRANSPORT_VARIABLE:
        return conversion.auth()
    return {
        Kind.TEXT: conversion.text,
        Kind.SECRET: conversion.secret,
        Kind.FILE: conversion.file,
        Kind.WHOLE: conversion.whole,
        Kind.NUMBER: conversion.number,
        Kind.FLAG: conversion.flag,
        Kind.CHOICE: conversion.choice,
    }[option.kind]()


class _Conversion:
    def __init__(self, value: Value, option: Option, *, subject: str, home: str) -> None:
        self._value = value
        self._option = option
        self._subject = subject
        self._home = home

    def text(self) -> str:
        content = self._value.content
        if not isinstance(content, str | int | float):
            raise self._error("is not a text")
        text = str(content)
        if not text and self._option.kind is not Kind.SECRET:
            raise self._error("is empty")
        if not text.isascii() and not _is_utf8(text):
            raise self._error("has a character that UTF-8 does not have")
        return text

    def secret(self) -> Secret:
        return Secret(self.text())

    def file(self) -> str:
        text = self.text()
        is_in_home = self._home and (text == "~" or text.startswith("~/"))
        return f"{self._home}{text[1:]}" if is_in_home else text

    def whole(self) -> int:
        number = self.number()
        if not number.is_integer():
            raise self._error("is not a whole number")
        return int(number)

    def number(self) -> float:
        content = self._value.content
        number = math.nan
        if isinstance(content, str | int | float) and not isinstance(content, bool):
            with contextlib.suppress(ValueError, OverflowError):
                number = float(content)
        if not math.isfinite(number):
            raise self._error("is not a number")
        least, most = self._option.least, self._option.most
        if number < least or (most is not None and number > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            raise self._error(f"is not {limits}")
        return number

    def flag(self) -> bool:
        text = str(self._value.content).strip().lower()
        if text not in _TRUE | _FALSE:
            raise self._error("is neither true nor false")
        return text in _TRUE

    def choice(self) -> str:
        text = str(self._value.content).strip().lower()
        if text not in self._option.choices:
            raise self._error("is none of " + ", ".join(self._option.choices))
        return text

    def auth(self) -> str:
        auth = auth_of(self._value.content)
        if auth is None:
            raise self._error("names no transport that PSRP has")
        return auth.value

    def _error(self, complaint: str) -> InventoryError:
        content = self._value.content
        is_hidden = self._value.is_secret or self._option.kind is Kind.SECRET
        is_scalar = isinstance(content, str | int | float)
        shown = f" ({content!a:.{_LONGEST_SHOWN}})" if is_scalar and not is_hidden else ""
        return self._value.origin.error(f"{self._subject}{shown} {complaint}")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
