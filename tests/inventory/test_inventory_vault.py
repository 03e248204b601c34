import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import ConfigurationError, InventoryError
from fleetaudit.inventory.values import Origin
from fleetaudit.inventory.vault import Vault, read_password_file
from fleetaudit.records.secret import Secret

CASES = Path(__file__).parents[1] / "cases" / "inventory"
HERE = Origin(file="hosts.yml", line=7)
LABELLED = (CASES / "labelled.vault").read_text(encoding="ascii")


def opened(text: str, password: str | None) -> str:
    vault = Vault(None if password is None else Secret(password))
    return vault.decrypt(text, origin=HERE, what="variable x of host web01")


def test_a_vault_of_format_1_2_with_a_label_opens() -> None:
    assert opened(LABELLED, "example") == "Grüße {{ not_a_template }}"


def test_indented_vaults_open() -> None:
    assert opened(LABELLED.replace("\n", "\n          "), "example") == "Grüße {{ not_a_template }}"


@pytest.mark.parametrize(
    ("text", "password", "happened"),
    [
        (LABELLED, None, "no password was given"),
        (LABELLED, "wrong", "password does not open"),
        (LABELLED.replace("1.2", "1.0"), "example", "a format other than 1.1 and 1.2"),
        (LABELLED.replace("AES256", "AES"), "example", "a format other than 1.1 and 1.2"),
        ("nonsense", "example", "a format other than 1.1 and 1.2"),
        (LABELLED[:-3], "example", "damaged"),
        (LABELLED[:200], "example", "damaged|does not open"),
    ],
)
def test_a_vault_that_does_not_open_says_which_and_why(
    text: str, password: str | None, happened: str
) -> None:
    with pytest.raises(InventoryError, match=happened) as raised:
        opened(text, password)
    assert "hosts.yml, line 7: " in str(raised.value)
    assert "variable x of host web01" in str(raised.value)


@given(st.text(alphabet="0123456789abcdef\n", max_size=200))
@settings(max_examples=30, deadline=None)
def test_a_damaged_vault_is_always_an_inventory_error(body: str) -> None:
    with pytest.raises(InventoryError):
        opened(f"$ANSIBLE_VAULT;1.1;AES256\n{body}", "example")


def test_a_password_file_is_read_without_the_space_around_it(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("  pass word\n", encoding="utf-8")
    environment = {"HOME": str(tmp_path)}
    for name in (str(file), "~/password"):
        password = read_password_file(name, named_by="--x", environment=environment)
        assert password == Secret("pass word")


def test_a_password_file_that_is_executable_is_run(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("#!/bin/sh\necho $WORD\n", encoding="utf-8")
    file.chmod(0o700)
    password = read_password_file(str(file), named_by="--x", environment={"WORD": "from script"})
    assert password == Secret("from script")


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe", b"#!/bin/sh\nexit 3\n"])
def test_a_password_file_that_cannot_be_used_is_a_configuration_error(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
        os.chmod(file, 0o700 if content.startswith(b"#!") else 0o600)  # noqa: PTH101 - shorter
    with pytest.raises(ConfigurationError, match=r"--x names .*password, which "):
        read_password_file(str(file), named_by="--x", environment={})
