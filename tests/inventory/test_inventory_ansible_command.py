import os
import shutil
import sys
from pathlib import Path

import pytest

from fleetaudit.errors import InventoryError
from fleetaudit.inventory import LoadOptions, load
from fleetaudit.inventory.ansible_command import list_inventory
from fleetaudit.records.secret import Secret

STUB = """#!/bin/sh
printf '{"_meta": {"hostvars": {}}, "web": {"hosts": ["%s"]}}' "$(cat $ANSIBLE_VAULT_PASSWORD_FILE)"
printf '%s' "$*" > "$LOG"
"""


def stub(folder: Path, script: str) -> dict[str, str]:
    command = folder / "ansible-inventory"
    command.write_text(script, encoding="utf-8")
    command.chmod(0o700)
    return {
        "PATH": f"{folder}:{os.environ.get('PATH', '')}",
        "LOG": str(folder / "log"),
        "HOME": str(folder),
    }


def test_a_folder_is_handed_to_ansible_with_the_vault_password_in_a_private_file(
    tmp_path: Path,
) -> None:
    environment = stub(tmp_path, STUB)
    source = tmp_path / "inventories"
    source.mkdir()
    options = LoadOptions(environment=environment, vault_password=Secret("opened"))
    inventory = load(source, options=options)
    assert [host.name for host in inventory.hosts] == ["opened"]
    assert (tmp_path / "log").read_text() == f"--inventory={source} --list"


def test_a_plugins_configuration_is_handed_to_ansible_though_it_is_yaml(tmp_path: Path) -> None:
    environment = stub(tmp_path, '#!/bin/sh\necho \'{"web": {"hosts": ["found"]}}\'\n')
    source = tmp_path / "cloud.yml"
    source.write_text("plugin: some.collection.cloud\n")
    inventory = load(source, options=LoadOptions(environment=environment))
    assert [host.name for host in inventory.hosts] == ["found"]


def test_what_ansible_complains_of_is_not_shown_as_it_quotes_the_source(tmp_path: Path) -> None:
    environment = stub(tmp_path, "#!/bin/sh\necho 'ansible_password: hunter2' >&2\nexit 4\n")
    source = tmp_path / "hosts.ini"
    source.touch()
    with pytest.raises(InventoryError, match="ended with code 4") as raised:
        load(source, options=LoadOptions(environment=environment))
    assert "hunter2" not in str(raised.value)
    assert f"ansible-inventory --inventory={source} --list" in str(raised.value)


def test_a_command_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    environment = stub(tmp_path, "#!/does/not/exist\n")
    with pytest.raises(InventoryError, match="cannot be run"):
        list_inventory("hosts.ini", environment=environment, vault_password=None)


def test_without_the_command_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="pip install ansible-core"):
        list_inventory(
            "hosts.ini",
            environment={"PATH": str(tmp_path)},
            vault_password=None,
            python=str(tmp_path / "python"),
        )


@pytest.mark.slow
def test_an_ini_file_is_read_by_the_real_command(tmp_path: Path) -> None:
    if not shutil.which("ansible-inventory", path=str(Path(sys.executable).parent)):
        pytest.skip("ansible-inventory is not installed beside this Python")
    source = tmp_path / "hosts.ini"
    source.write_text(
        "[web]\nweb[1:2] ansible_user='{{ who }}' who=svc\n[web:vars]\nansible_port=5985\n"
    )
    environment = {"HOME": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    inventory = load(source, options=LoadOptions(environment=environment))
    assert [(host.name, host.connection.username) for host in inventory.hosts] == [
        ("web1", "svc"),
        ("web2", "svc"),
    ]
    assert not inventory.hosts[0].connection.ssl
