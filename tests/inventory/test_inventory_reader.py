from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.files import parse_json, read_document
from fleetaudit.inventory.reader import LinedMapping, parse_yaml
from fleetaudit.inventory.values import Literal, Origin, Vaulted
from fleetaudit.inventory.vault import Vault
from fleetaudit.records.secret import Secret

CASES = Path(__file__).parents[1] / "cases" / "inventory"


def parsed(text: str, warnings: list[str] | None = None) -> object:
    return parse_yaml(text, file="hosts.yml", warnings=[] if warnings is None else warnings)


def test_every_key_knows_its_line() -> None:
    document = parsed("a:\n  b: 1\n\n  c:\n    - d: 2\n")
    assert isinstance(document, LinedMapping)
    assert document.key_lines == {"a": 1}
    inner = document["a"]
    assert isinstance(inner, LinedMapping)
    assert inner.key_lines == {"b": 2, "c": 4}
    assert inner.line == 2


def test_a_key_that_stands_twice_is_a_warning_and_the_last_counts() -> None:
    warnings: list[str] = []
    assert parsed("a: 1\nb: 2\na: 3\n", warnings) == {"a": 3, "b": 2}
    assert warnings == ["hosts.yml, line 3: 'a' stands twice; only the last one counts."]


def test_a_key_that_overrides_a_merged_one_is_no_duplicate() -> None:
    warnings: list[str] = []
    document = parsed("a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  x: 2\n", warnings)
    assert document == {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1}}
    assert warnings == []


def test_ansibles_tags_keep_their_values_apart() -> None:
    assert parsed("!vault abc") == Vaulted("abc")
    assert parsed("!vault-encrypted abc") == Vaulted("abc")
    assert parsed("a: !unsafe '{{ b }}'\nc: !unsafe 5") == {
        "a": Literal("{{ b }}"),
        "c": Literal(5),
    }
    assert parsed("!unsafe [1, {a: 2}]") == Literal([1, {"a": 2}])


@pytest.mark.parametrize(
    ("text", "line", "happened"),
    [
        ("a:\n\tb: 1\n", 2, "a tab stands where YAML wants spaces"),
        ("a: 1\nb: !secret x\n", 2, "begins with a tag that is not known"),
        ("a: 1\nb: *secret\n", 2, "alias or anchor is not known"),
        ("a: 1\nb: x: y\n", 2, "not YAML: mapping values are not allowed here"),
        ("a: 1\nb: @x\n", 2, "not YAML"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: 1\nb: x\0y\n", 2, r"U\+0000 cannot stand in YAML"),
        ("a: 1\nb: 2026-13-45\n", 2, "does not fit its type"),
        ("a: 1\nb: !!int secret\n", 2, "does not fit its type"),
        ("a: 1\n? [b]\n: 2\n", 2, "not YAML: found unhashable key"),
        ("a: 1\nb: !vault [x]\n", 2, "!vault needs a text"),
        ("a: &a\n  b: *a\n", 2, "contains itself by an alias"),
        ("[" * 500, 1, "nested more than 100 deep"),
    ],
)
def test_what_is_not_yaml_is_an_error_with_its_line(text: str, line: int, happened: str) -> None:
    with pytest.raises(InventoryError, match=happened) as raised:
        parsed(text)
    assert (raised.value.file, raised.value.line) == ("hosts.yml", line)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("joint", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_that_multiply_are_refused_before_they_are_written_out(joint: str) -> None:
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, 30):
        again = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {joint.format(again)}")
    with pytest.raises(InventoryError, match="more than 2,000,000 keys and values"):
        parsed("\n".join(lines))


def test_a_secret_in_the_wrong_place_never_shows_in_the_error() -> None:
    secret = "hunter2horse"
    forms = [
        "!{}", "*{}", "&{} &{}", "@{}", "'{}", '"{}', "%{}", "`{}", "{}: {}: {}", "- {}", "|{}",
        "!!{} x", "!{}!x y", "!<{}> y", "[{}", "{{{}", "{}\n\t{}", "!!int {}", "!!binary {}",
        "!!timestamp {}", '"\\{}"', "? {}\n: [}}", "%YAML {}\n---\n", "%TAG ! {}\n--- !x",
    ]  # fmt: skip
    for form in forms:
        value = form.format(secret, secret, secret)
        for text in (f"a: 1\nansible_password: {value}\n", f"{value}\n", f"- {value}\n- 1: 2\n 3"):
            try:
                parsed(text)
            except InventoryError as error:
                assert secret not in str(error), form  # noqa: PT017 - some forms are fine


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@,#?\n\t 01<=", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_as_pyyaml_reads_it_or_refused(text: str) -> None:
    try:
        ours = parsed(text)
    except InventoryError:
        return
    assert ours == yaml.safe_load(text)


def test_a_file_that_is_vaulted_whole_is_decrypted_first() -> None:
    file = CASES / "vaulted" / "group_vars" / "windows.yml"
    document = read_document(file, vault=Vault(Secret("example")), warnings=[])
    assert document.content == {"ansible_user": "svc", "vaulted_password": "from a whole file"}
    assert document.is_vaulted
    with pytest.raises(InventoryError, match="the file is vaulted and no password was given"):
        read_document(file, vault=Vault(None), warnings=[])


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "hosts.yml"
    file.write_bytes(b"a: 1\nb: \xe4\n")
    with pytest.raises(InventoryError, match="line 2: it is not UTF-8 text"):
        read_document(file, vault=Vault(None), warnings=[])


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "hosts.yml"
    file.write_bytes(b"\xef\xbb\xbfall: {}\r\n")
    assert read_document(file, vault=Vault(None), warnings=[]).content == {"all": {}}


def test_a_file_that_is_missing_or_empty_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="No such file"):
        read_document(tmp_path / "missing.yml", vault=Vault(None), warnings=[])
    (tmp_path / "empty.yml").touch()
    (tmp_path / "empty.json").touch()
    for name in ("empty.yml", "empty.json"):
        assert read_document(tmp_path / name, vault=Vault(None), warnings=[]).content is None


def test_json_keeps_what_ansible_marks_and_notices_keys_that_stand_twice() -> None:
    warnings: list[str] = []
    origin = Origin(file="hosts.json")
    text = '{"a": {"__ansible_vault": "x"}, "b": {"__ansible_unsafe": "{{ c }}"}, "d": 1, "d": 2}'
    document = parse_json(text, origin=origin, warnings=warnings)
    assert document == {"a": Vaulted("x"), "b": Literal("{{ c }}"), "d": 2}
    assert warnings == ["hosts.json: d stands twice; only the last one counts."]


@pytest.mark.parametrize("text", ['{"a":\n secret}', "[" * 100_000, "1" * 5000])
def test_what_is_not_json_is_an_error_that_quotes_nothing(text: str) -> None:
    with pytest.raises(InventoryError) as raised:
        parse_json(text, origin=Origin(file="hosts.json"), warnings=[])
    assert "secret" not in str(raised.value)
