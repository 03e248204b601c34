from pathlib import Path
from textwrap import dedent

import pytest

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.sources import RawInventory, read


def raw(folder: Path, text: str, warnings: list[str] | None = None) -> RawInventory:
    inventory = folder / "hosts.yml"
    inventory.write_text(dedent(text), encoding="utf-8")
    found: list[str] = [] if warnings is None else warnings
    return read(inventory, vault_password=None, environment={}, stdin="", warnings=found)


def value(inventory: RawInventory, host: str, name: str) -> object:
    return inventory.variables[host][name].value


def test_a_deeper_group_is_stronger_and_priority_decides_among_equals(tmp_path: Path) -> None:
    inventory = raw(
        tmp_path,
        """
        all: {vars: {x: all, y: all, z: all}}
        outer: {vars: {x: outer, y: outer}, children: {inner: {hosts: {web01: }, vars: {x: inner}}}}
        aaa: {hosts: {web02: }, vars: {x: aaa, ansible_group_priority: "7"}}
        zzz: {hosts: {web02: }, vars: {x: zzz}}
        """,
    )
    assert [value(inventory, "web01", name) for name in "xyz"] == ["inner", "outer", "all"]
    assert value(inventory, "web02", "x") == "aaa"
    assert "ansible_group_priority" not in inventory.variables["web02"]


def test_group_vars_all_beats_the_vars_of_a_group_in_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "group_vars" / "web").mkdir(parents=True)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("w: all\nx: all\ny: all\nz: all\n")
    (tmp_path / "group_vars" / "web" / "a.yml").write_text("x: web\ny: web\nz: web\n")
    (tmp_path / "host_vars" / "web01.json").write_text('{"z": "web01"}')
    inventory = raw(tmp_path, "web: {vars: {w: v, x: v, y: v, z: v}, hosts: {web01: {y: h, z: h}}}")
    assert [value(inventory, "web01", name) for name in "wxyz"] == ["all", "web", "h", "web01"]
    assert str(inventory.variables["web01"]["x"].origin).endswith("group_vars/web/a.yml, line 1")


def test_a_host_in_no_group_but_all_is_ungrouped(tmp_path: Path) -> None:
    inventory = raw(
        tmp_path,
        """
        all: {hosts: {lone: , web01: }}
        ungrouped: {hosts: {web01: }, vars: {x: 1}}
        web: {hosts: {web01: }}
        """,
    )
    assert inventory.tree.groups_of("lone") == ("all", "ungrouped")
    assert inventory.tree.groups_of("web01") == ("all", "web")
    assert "x" not in inventory.variables["web01"]


def test_a_port_behind_a_name_counts_for_every_host_of_the_range(tmp_path: Path) -> None:
    inventory = raw(tmp_path, "web: {hosts: {'web[1:2]:5985': {x: 1}}}")
    assert value(inventory, "web2", "ansible_port") == 5985


def test_members_of_a_group_are_its_own_hosts_first(tmp_path: Path) -> None:
    inventory = raw(
        tmp_path, "a: {children: {b: {hosts: {two: , one: }}}, hosts: {three: , two: }}"
    )
    assert inventory.tree.members("a") == ("three", "two", "one")


@pytest.mark.parametrize(
    ("text", "line", "happened"),
    [
        ("web:\n  hosts:\n    - web01\n", 2, "'hosts' of group 'web' is a list, not a mapping"),
        ("web:\n  vars:\n    - x\n", 2, "'vars' of group 'web' is a list"),
        ("web:\n  children: 5\n", 2, "'children' of group 'web' is a single value"),
        ("web:\n  children:\n    db: 5\n", 3, "group 'db' is a single value"),
        ("web:\n  hosts:\n    web01: [a]\n", 3, "host 'web01' is a list, not a mapping"),
        ("web:\n  hosts:\n    10: {}\n", 3, "the name of a host is not a text"),
        ('web:\n  hosts:\n    "a\\0b": {}\n', 3, "cannot be printed"),
        ("web:\n  hosts:\n    web[1:]: {}\n", 3, "has no end"),
        ("5: {}\n", 1, "the name of a group is not a text"),
        ("web:\n  children:\n    5: {}\n", 3, "the name of a group is not a text"),
        ("web:\n  vars:\n    ansible_group_priority: x\n", 3, "not a whole number"),
        ("a:\n  children:\n    b:\n      children:\n        a:\n", 3, "would contain itself"),
        ("a:\n  children:\n    a:\n", 3, "would contain itself"),
        ("- web01\n", None, "is not a mapping of groups"),
        ("", None, "is empty"),
    ],
)
def test_a_wrong_shape_is_an_error_with_its_line(
    tmp_path: Path, text: str, line: int | None, happened: str
) -> None:
    with pytest.raises(InventoryError, match=happened) as raised:
        raw(tmp_path, text)
    assert raised.value.file == str(tmp_path / "hosts.yml")
    assert raised.value.line == line


def test_what_ansible_would_skip_is_skipped_with_a_warning(tmp_path: Path) -> None:
    warnings: list[str] = []
    text = "version: 2\nweb:\n  host: {web01: }\n  hosts: {web: {x: 1}, 'n[5:1]': }\n  other: 1\n"
    inventory = raw(tmp_path, text, warnings)
    assert list(inventory.tree.hosts) == ["web"]
    file = tmp_path / "hosts.yml"
    assert warnings == [
        f"{file}, line 1: 'version' is a single value, no group; it is left out.",
        f"{file}, line 3: 'host' in group 'web' is left out; did you mean 'hosts'?",
        f"{file}, line 4: 'n[5:1]' stands for no host: its range is empty.",
        (
            f"{file}, line 5: 'other' in group 'web' is left out; "
            "A group is a mapping with the keys vars, children and hosts."
        ),
        f"{file}: 'web' is both a group and a host; its variables count for the group.",
    ]


def test_a_file_of_variables_that_is_no_mapping_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "web.yml").write_text("- x\n")
    with pytest.raises(InventoryError, match=r"web\.yml: it is not a mapping of variables"):
        raw(tmp_path, "web: {hosts: {web01: }}")


def test_a_name_with_a_slash_reads_no_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "secret.yml").write_text("x: 1")
    inventory = raw(tmp_path, "web: {hosts: {../secret: , ..: }}")
    assert inventory.variables == {"../secret": {}, "..": {}}
