import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import InventoryError
from fleetaudit.inventory import STANDARD_INPUT, Inventory, LoadOptions, load
from fleetaudit.records.secret import Secret


def piped(document: object) -> Inventory:
    text = document if isinstance(document, str) else json.dumps(document)
    return load(STANDARD_INPUT, options=LoadOptions(stdin=text))


def test_the_plain_shape_takes_values_as_they_are() -> None:
    inventory = piped(
        {
            "hosts": {
                "web01": {"ansible_password": "{{ literally }}", "ansible_port": 5985},
                "b": {},
            },
            "groups": {"web": ["web01"]},
        }
    )
    assert {host.name: host.groups for host in inventory.hosts} == {
        "web01": ("web",),
        "b": ("ungrouped",),
    }
    web01 = next(host for host in inventory.hosts if host.name == "web01")
    assert web01.connection.password == Secret("{{ literally }}")
    assert web01.connection.port == 5985


def test_the_listing_of_ansible_is_rendered_here() -> None:
    inventory = piped(
        {
            "_meta": {
                "hostvars": {
                    "web01": {"ansible_user": "{{ a | upper }}", "a": "svc"},
                    "web02": {"ansible_user": {"__ansible_unsafe": "{{ a }}"}},
                },
                "profile": "inventory_legacy",
            },
            "all": {"children": ["ungrouped", "web"]},
            "web": {"hosts": ["web01", "web02"], "children": ["inner"]},
            "inner": {"hosts": ["db01"]},
        }
    )
    assert {host.name: host.connection.username for host in inventory.hosts} == {
        "web01": "SVC",
        "web02": "{{ a }}",
        "db01": None,
    }
    assert inventory.groups["web"] == ("web01", "web02", "db01")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        "secret",
        '{"hosts": []}',
        '{"hosts": {"web01": 5}}',
        '{"hosts": {"web01": {}}, "groups": {"web": ["db"]}}',
        '{"hosts": {"web01": {}}, "groups": {"web": "web01"}}',
        '{"hosts": {"": {}}}',
        '{"hosts": {"a\\u0000b": {}}}',
        '{"hosts": {"web01": {"ansible_user": "\\ud800"}}}',
        '{"_meta": {"hostvars": []}}',
        '{"_meta": {}, "web": {"hosts": [5]}}',
        '{"_meta": {}, "web": []}',
        '{"_meta": {}, "web": {"children": ["web"]}}',
    ],
)
def test_another_shape_is_an_error_that_names_standard_input(document: str) -> None:
    with pytest.raises(InventoryError) as raised:
        piped(document)
    assert raised.value.file in {"standard input", "-"}
    assert "secret" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["_meta", "hostvars", "hosts", "children", "all", "web", "ansible_host"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_is_an_inventory_or_an_inventory_error(document: object) -> None:
    try:
        inventory = piped(document)
    except InventoryError:
        return
    assert inventory.hosts
