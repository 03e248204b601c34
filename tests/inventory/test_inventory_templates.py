from typing import Any

import pytest

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.host_values import HostValues
from fleetaudit.inventory.values import Literal, Origin, Variable
from fleetaudit.inventory.vault import Vault


def rendered(template: object, *, is_resolved: bool = False, **others: object) -> object:
    variables = {
        name: Variable(value=value, origin=Origin(file="hosts.yml", line=3))
        for name, value in {"x": template, **others}.items()
    }
    values = HostValues(
        "web01.example.org",
        variables,
        vault=Vault(None),
        environment={"DOMAIN": "corp"},
        is_resolved=is_resolved,
    )
    value = values.get("x")
    return None if value is None else value.content


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{{ a }}", 5986),
        ("{{ a }}/{{ b }}", "5986/Text"),
        ("{{ b | upper }}{{ b | lower }}", "TEXTtext"),
        ("{{ c }}", "Text!"),
        ("{{ nowhere | default('other') }}", "other"),
        ("{{ nothing | default('other', true) }}", "other"),
        ("{{ lookup('env', 'DOMAIN') }}", "corp"),
        ("{{ lookup('ansible.builtin.env', 'NOWHERE') }}", ""),
        ("{{ inventory_hostname }}", "web01.example.org"),
        ("{{ inventory_hostname_short | upper }}", "WEB01"),
        ("{{- a -}}", 5986),
        ("{{ '{{' }}", "{{"),
        ("{{ nothing }}", None),
        ("{# a comment #}b", "b"),
        (" {{ b }}\n", " Text\n"),
        ("{ no template", "{ no template"),
    ],
)
def test_the_small_part_of_jinja_is_rendered(template: str, value: object) -> None:
    assert rendered(template, a=5986, b="Text", c="{{ b }}!", nothing=None) == value


@pytest.mark.parametrize(
    "template",
    [
        "{{ b | password_hash }}",
        "{{ b | b64decode }}",
        "{{ b.upper() }}",
        "{{ b[0] }}",
        "{{ b.__class__ }}",
        "{{ 1 + 1 }}",
        "{{ lookup('pipe', 'id') }}",
        "{{ lookup(b, 'id') }}",
        "{{ lookup('env', 'A', 'B') }}",
        "{{ lookup('env', 'A', default=b) }}",
        "{{ query('env', 'A') }}",
        "{% if true %}x{% endif %}",
        "{{ 'a' if b else 'c' }}",
        "{{ [b] }}",
        "{{ b",
        "{{ }}",
        "{{ nowhere }}",
        "{{ nowhere | default(omit) }}",
        "{{ x }}",
    ],
)
def test_what_needs_ansible_is_an_error_that_names_host_variable_and_the_way_out(
    template: str,
) -> None:
    with pytest.raises(InventoryError) as raised:
        rendered(template, b="Text")
    assert raised.value.line == 3
    assert "variable x of host web01.example.org" in str(raised.value)
    assert "--inventory -" in str(raised.value)


def test_a_circle_of_templates_is_named() -> None:
    with pytest.raises(InventoryError, match="x -> y -> z -> x"):
        rendered("{{ y }}", y="{{ z }}", z="{{ x }}")


def test_a_chain_of_templates_has_an_end() -> None:
    chain: dict[str, Any] = {f"y{number}": f"{{{{ y{number + 1} }}}}" for number in range(60)}
    with pytest.raises(InventoryError, match="within too many others"):
        rendered("{{ y0 }}", **chain)


def test_unsafe_and_resolved_values_are_never_rendered() -> None:
    assert rendered(Literal("{{ a }}")) == "{{ a }}"
    assert rendered("{{ a }}", is_resolved=True) == "{{ a }}"
