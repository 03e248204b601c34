import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import ConfigurationError, FleetauditError, InventoryError
from fleetaudit.inventory import Inventory, LoadOptions, describe, load
from fleetaudit.records.secret import MASK, Secret

Load = Callable[..., Inventory]
CASES = Path(__file__).parents[1] / "cases" / "inventory"
VAULTED = (CASES / "labelled.vault").read_text(encoding="ascii").replace("\n", "\n" + 10 * " ")


def test_a_limit_keeps_the_order_of_the_inventory(load_text: Load) -> None:
    inventory = load_text("web: {hosts: {'web[1:4]': }}", limit="web3,web1,nowhere")
    assert [host.name for host in inventory.hosts] == ["web1", "web3"]
    assert inventory.groups == {"all": ("web1", "web3"), "web": ("web1", "web3")}
    assert inventory.warnings == ("--limit: 'nowhere' matches no host and no group.",)


def test_an_inventory_or_a_limit_without_hosts_is_an_error(load_text: Load) -> None:
    with pytest.raises(InventoryError, match="has no hosts"):
        load_text("web: {}")
    with pytest.raises(InventoryError, match="--limit 'db' matches none of its 4 hosts"):
        load_text("web: {hosts: {'web[1:4]': }}", limit="db")


def test_only_the_hosts_of_the_limit_are_resolved(load_text: Load) -> None:
    text = "all: {hosts: {good: , bad: {ansible_port: '{{ nowhere }}'}}}"
    assert len(load_text(text, limit="good").hosts) == 1
    with pytest.raises(InventoryError, match="host bad"):
        load_text(text)


def test_hosts_of_other_connections_are_left_out_with_a_warning(load_text: Load) -> None:
    text = "all: {hosts: {web01: , here: {ansible_connection: local}}}"
    inventory = load_text(text)
    assert [host.name for host in inventory.hosts] == ["web01"]
    assert inventory.warnings == (
        "1 host (here): left out: ansible_connection is 'local', not psrp.",
    )
    with pytest.raises(InventoryError, match="no host is reached over PSRP"):
        load_text(text, limit="here")


def test_the_password_comes_from_the_strongest_place(load_text: Load, tmp_path: Path) -> None:
    text = "all: {hosts: {web01: {ansible_password: inventory}, web02: }}"
    (tmp_path / "password").write_text("file\n")
    in_file = {"FLEETAUDIT_PASSWORD_FILE": str(tmp_path / "password")}
    both = {**in_file, "FLEETAUDIT_PASSWORD": "environment"}
    cases: list[tuple[list[str | None], dict[str, Any]]] = [
        (["inventory", None], {}),
        (["file", "file"], {"environment": in_file}),
        (["environment", "environment"], {"environment": both}),
        (["prompt", "prompt"], {"environment": both, "password": Secret("prompt")}),
    ]
    for expected, options in cases:
        hosts = load_text(text, **options).hosts
        passwords = [host.connection.password for host in hosts]
        assert [one and one.reveal() for one in passwords] == expected


def test_a_password_file_that_is_missing_names_its_variable(load_text: Load) -> None:
    for name in ("FLEETAUDIT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"):
        with pytest.raises(ConfigurationError, match=f"{name} names /missing"):
            load_text("all: {hosts: {web01: }}", environment={name: "/missing"})


def test_a_vaulted_value_is_decrypted_and_may_be_named_by_a_template(
    load_text: Load, tmp_path: Path
) -> None:
    (tmp_path / "vault").write_text("example\n")
    text = f"""
    all:
      hosts: {{web01: }}
      vars:
        ansible_password: "{{{{ vaulted }}}}"
        ansible_user: "svc-{{{{ vaulted }}}}"
        ansible_psrp_path: "{{{{ inventory_hostname }}}}"
        vaulted: !vault |
          {VAULTED}
    """
    environment = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "vault")}
    inventory = load_text(text, environment=environment)
    connection = inventory.hosts[0].connection
    assert connection.password == Secret("Grüße {{ not_a_template }}")
    assert connection.username == "svc-Grüße {{ not_a_template }}"
    described = json.dumps(describe(inventory))
    assert "Gr" not in described
    assert f'"username": "{MASK}"' in described
    assert '"path": "web01"' in described
    with pytest.raises(InventoryError, match="variable vaulted of host web01 is vaulted and no"):
        load_text(text)
    without_need = text.replace("{{ vaulted }}", "x")
    assert load_text(without_need).hosts[0].connection.password == Secret("x")


def test_a_vaulted_value_that_cannot_be_used_stays_hidden(load_text: Load) -> None:
    text = f"""
    all:
      hosts: {{web01: }}
      vars:
        ansible_port: !vault |
          {VAULTED}
    """
    with pytest.raises(InventoryError, match="ansible_port of host web01 is not a number"):
        load_text(text, vault_password=Secret("example"))


def test_a_vaulted_file_beside_the_inventory_counts(load_text: Load) -> None:
    file = "group_vars/windows.yml"
    inventory = load_text(
        "windows: {hosts: {web01: {ansible_password: '{{ vaulted_password }}'}}}",
        files={file: (CASES / "vaulted" / file).read_text(encoding="ascii")},
        vault_password=Secret("example"),
    )
    assert inventory.hosts[0].connection.username == "svc"
    assert inventory.hosts[0].connection.password == Secret("from a whole file")
    assert '"username": "********"' in json.dumps(describe(inventory))


def test_the_description_is_ready_for_json_and_masks_secrets(load_text: Load) -> None:
    inventory = load_text(
        "web: {hosts: {web01: {ansible_user: svc, ansible_password: hunter2}}, vars: "
        "{ansible_psrp_proxy: 'http://u:hunter2@p'}}"
    )
    described = json.loads(json.dumps(describe(inventory)))
    (host,) = described["hosts"]
    assert (host["name"], host["groups"]) == ("web01", ["web"])
    assert host["connection"]["password"] == MASK
    assert host["connection"]["proxy"] == MASK
    assert host["connection"]["username"] == "svc"
    assert host["connection"]["auth"] == "negotiate"
    assert host["connection"]["certificate_pem"] is None
    assert described["groups"] == {"all": ["web01"], "web": ["web01"]}
    assert "hunter2" not in repr(inventory)


@given(
    variable=st.sampled_from(["ansible_password", "ansible_winrm_password", "ansible_psrp_proxy"]),
    form=st.sampled_from(
        ['"{}"', "{}", "[{}]", "{{a: {}}}", "!unsafe {}", "'{{{{ {} }}}}'", "&a {}"]
    ),
    rest=st.sampled_from(
        ["", "ansible_port: {}", "fleetaudit_x: {}", "{}: {}: {}", "\t{}", "- {}"]
    ),
)
@settings(max_examples=150, deadline=None)
def test_a_password_never_shows_in_what_is_said(
    tmp_path_factory: pytest.TempPathFactory, variable: str, form: str, rest: str
) -> None:
    secret = "hunter2horse"
    if rest.startswith("ansible_port"):
        rest = "ansible_port: x"
    lines = ["all:", "  hosts:", "    web01:", f"      {variable}: {form.format(secret)}"]
    lines.append(f"      {rest.format(secret, secret, secret)}")
    file = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    file.write_text("\n".join(lines), encoding="utf-8")
    try:
        inventory = load(file, options=LoadOptions())
    except FleetauditError as error:
        said = str(error) + repr(error)
    else:
        said = repr(inventory) + json.dumps(describe(inventory))
    assert secret not in said


def test_a_source_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InventoryError, match=r"^/missing\.yml: there is no such file"):
        load("/missing.yml", options=LoadOptions())
