"""The fields of an event in JSON, whatever stands around their names and values.

Known are an object of them; XML's ``Data`` as a list of objects with a name and a value, as
``xmltodict``, EvtxECmd, Logstash and others make of it; the XML itself or JSON as a text; and
values without names, whose names :mod:`fleetaudit.parsers._event_positions` may know.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from lxml import etree

from fleetaudit.parsers._event_record import add_field

__all__ = ["UNNAMED", "fields_of"]

UNNAMED: Final = "Data"
"""What fields without a name are called."""
_NAMES: Final = ("@Name", "Name", "-Name", "_Name", "name", "@name")
_VALUES: Final = ("#text", "Value", "text", "$t", "_", "value", "$", "content", "__text")
_ATTRIBUTES: Final = ("#attributes", "@attributes", "$attributes", "attributes")
_ABOUT: Final = frozenset((*_ATTRIBUTES, "@xmlns", "xmlns", "@Name", "Data_attributes"))
_INNER: Final = ("EventData", "UserData")


def fields_of(data: Any) -> dict[str, Any] | None:  # noqa: ANN401 -- whatever JSON holds
    """Return the fields; None where ``data`` is nothing that could hold some.

    Raises:
        ValueError: It is a text that begins as XML or JSON and is none.
    """
    if isinstance(data, dict):
        return _of_object(data)
    if isinstance(data, list):
        return _of_list(data)
    if isinstance(data, str):
        text = data.lstrip()
        if text.startswith("<"):
            return _xml_fields(text)
        if text.startswith(("{", "[")):
            return _json_fields(text)
    return None


def _of_object(data: dict[str, Any]) -> dict[str, Any]:
    for name in _INNER:
        # EvtxECmd's Payload has the element itself inside.
        if isinstance(inner := data.get(name), dict | list):
            return fields_of(inner) or {}
    fields = {name: value for name, value in data.items() if name not in _ABOUT}
    inner = fields.get(UNNAMED)
    if isinstance(inner, dict) and len(fields) == 1:
        # One field alone is no list; some shippers number fields without a name.
        return _named([inner]) or {**inner}
    if isinstance(inner, list):
        named = _of_list(inner)
        if named is not None:
            del fields[UNNAMED]
            return named | fields
    if len(fields) == 1 and (alone := _alone(fields)) is not None:
        return alone
    return fields


def _alone(fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return the fields in the one element of UserData, or the values in an object of text."""
    ((_, inner),) = fields.items()
    if not isinstance(inner, dict):
        return None
    if set(inner) <= {"#text", *_ABOUT} and isinstance(inner.get("#text"), list):
        return {UNNAMED: inner["#text"]}
    return {name: value for name, value in inner.items() if name not in _ABOUT}


def _of_list(items: list[Any]) -> dict[str, Any] | None:
    if any(isinstance(item, dict) for item in items):
        return _named(items)
    return {UNNAMED: items} if items else {}


def _named(items: list[Any]) -> dict[str, Any] | None:
    """Return the fields of a list of objects with a name and a value; None if it is no such one."""
    fields: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        name = _first(item, _NAMES)
        for attributes in _ATTRIBUTES:
            if name is None and isinstance(inner := item.get(attributes), dict):
                name = _first(inner, _NAMES)
        value = _first(item, _VALUES)
        if name is None and not set(item) <= {*_VALUES, *_ATTRIBUTES}:
            return None
        key = name if isinstance(name, str) and name else UNNAMED
        add_field(fields, key, value)
    return fields


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    return next((item[name] for name in names if name in item), None)


def _json_fields(text: str) -> dict[str, Any] | None:
    try:
        return fields_of(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"holds an EventData that is no JSON ({error})"[:200]) from error


def _xml_fields(text: str) -> dict[str, Any]:
    """Return the fields of ``<EventData><Data Name="...">...</Data></EventData>`` in a text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(
            f"holds an EventData that is no well-formed XML ({error})"[:200]
        ) from error
    fields: dict[str, Any] = {}
    for item in root.iter():
        if not isinstance(item.tag, str) or item.tag.rpartition("}")[2] != "Data":
            continue
        name, value = item.get("Name") or UNNAMED, item.text or ""
        add_field(fields, name, value)
    return fields
