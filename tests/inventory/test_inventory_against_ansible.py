import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetaudit.inventory.patterns import match
from fleetaudit.inventory.sources import read

INVENTORIES = 12
PATTERNS = (
    "all",
    "web01",
    "web",
    "windows",
    "ungrouped",
    "web*",
    "*.example.org",
    "db?",
    "~(web|db)0[12]",
    "web,db",
    "web:!web02",
    "windows:&site_a",
    "windows,&site_a,!web03",
    "!db",
    "&site_b",
    "web[0]",
    "web[-1]",
    "web[0:2]",
    "web[1:]",
    "w*[1:3]",
    "db01,web03,web01",
    "site_[ab]",
    "nothing,web01",
    "10.0.0.1",
    "lone.example.org:web[1:2]",
)
FLEET = """
windows:
  children:
    web:
      hosts:
        web[01:05]: {}
    db:
      hosts: {db01: {}, db02: {}, 10.0.0.1: {}}
site_a:
  hosts: {web04: {}, db02: {}, web01: {}}
site_b:
  hosts: {web05: {}, web03: {}}
all:
  hosts: {lone.example.org: {}, "web01.example.org": {}}
"""


def command(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(arguments: list[str], folder: Path) -> str:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    done = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, check=True, cwd=folder
    )
    return done.stdout


class Maker:
    """Writes one random inventory with the files beside it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same inventories every time
        self.groups = [f"g{number}" for number in range(self.random.randint(2, 7))]
        self.names = [f"v{number}" for number in range(6)]

    def variables(self, most: int = 3) -> dict[str, Any]:
        chosen = self.random.sample(self.names, self.random.randint(0, most))
        return {name: self.value() for name in chosen}

    def value(self) -> Any:
        number = self.random.randint(0, 999)
        kinds = [number, f"text{number}", True, [number], {"a": number}, "{{ v0 }}", None]
        return self.random.choice(kinds)

    def pattern(self) -> str:
        head = self.random.choice(["web", "db", "x-"])
        first = self.random.randint(0, 4)
        last = first + self.random.randint(0, 3)
        form = self.random.choice(
            [
                f"{head}{first}",
                f"{head}[{first}:{last}]",
                f"{head}[{first:02}:{last:02}]",
                f"{head}[{first}:{last}:2]",
                f"{head}[{first}:{last}].[a:c].example.org",
                f"{head}[b:e:2]",
                f"10.0.{first}.[{first}:{last}]",
            ]
        )
        return form + self.random.choice(["", "", "", ":5985"])

    def hosts(self) -> dict[str, Any] | str | None:
        if self.random.random() < 0.05:
            return self.pattern()
        return {
            self.pattern(): self.variables(2) or None for _ in range(self.random.randint(0, 4))
        } or None

    def group(self, depth: int, below: list[str]) -> dict[str, Any] | None:
        data: dict[str, Any] = {}
        if self.random.random() < 0.7:
            data["hosts"] = self.hosts()
        if self.random.random() < 0.7:
            data["vars"] = self.variables()
            if self.random.random() < 0.4:
                data["vars"]["ansible_group_priority"] = self.random.randint(1, 12)
        if below and depth < 4 and self.random.random() < 0.6:
            count = self.random.randint(1, len(below))
            starts = sorted(self.random.sample(range(len(below)), count))
            data["children"] = {
                below[start]: self.group(depth + 1, below[start + 1 :]) for start in starts
            }
        return data or None

    def write(self, folder: Path) -> Path:
        document: dict[str, Any] = {}
        for number, name in enumerate(self.groups):
            if not document or self.random.random() < 0.6:
                document[name] = self.group(0, self.groups[number + 1 :])
        if self.random.random() < 0.6:
            document["all"] = self.group(3, [])
        if self.random.random() < 0.2:
            document["ungrouped"] = {"hosts": self.hosts(), "vars": self.variables()}
        document["g0"] = {**(document["g0"] or {}), "hosts": {"web1": None, self.pattern(): None}}
        for name in ["all", "ungrouped", *self.groups]:
            self.files(folder / "group_vars", name)
        for name in ["web1", "db02", "10.0.1.1", "x-b"]:
            self.files(folder / "host_vars", name)
        inventory = folder / self.random.choice(["hosts.yml", "hosts.yaml"])
        inventory.write_text(yaml.safe_dump(document, sort_keys=False))
        return inventory

    def files(self, folder: Path, name: str) -> None:
        if self.random.random() < 0.5:
            return
        folder.mkdir(exist_ok=True)
        kind = self.random.choice(["", ".yml", ".yaml", ".json", "folder", "two"])
        if kind == "folder":
            self.folder(folder / name)
        elif kind == ".json":
            (folder / f"{name}.json").write_text(json.dumps(self.variables()))
        else:
            suffixes = [".yaml", ".yml"] if kind == "two" else [kind]
            for suffix in suffixes:
                (folder / f"{name}{suffix}").write_text(yaml.safe_dump(self.variables()))

    def folder(self, folder: Path) -> None:
        folder.mkdir()
        for name in ["b.yml", "a.yaml", "c", "d.json", ".hidden.yml", "e.yml~", "f.txt"]:
            if self.random.random() < 0.5:
                (folder / name).write_text(json.dumps(self.variables()))
        if self.random.random() < 0.3:
            self.folder(folder / "sub")


def ansibles_answer(inventory: Path) -> tuple[dict[str, Any], dict[str, set[str]]]:
    listing = json.loads(
        run([command("ansible-inventory"), "-i", str(inventory), "--list"], inventory.parent)
    )
    hostvars = listing.pop("_meta")["hostvars"]
    groups = {name: set(data.get("hosts", [])) for name, data in listing.items()}
    for hosts in groups.values():
        for host in hosts:
            hostvars.setdefault(host, {})
    return hostvars, {name: hosts for name, hosts in groups.items() if hosts}


def our_answer(inventory: Path) -> tuple[dict[str, Any], dict[str, set[str]]]:
    raw = read(inventory, vault_password=None, environment={}, stdin="", warnings=[])
    hostvars = {
        host: {name: variable.value for name, variable in variables.items()}
        for host, variables in raw.variables.items()
    }
    groups = {name: set(group.hosts) for name, group in raw.tree.groups.items() if name != "all"}
    return hostvars, {name: hosts for name, hosts in groups.items() if hosts}


@pytest.mark.slow
def test_random_inventories_have_the_hosts_and_variables_that_ansible_finds(
    tmp_path: Path,
) -> None:
    for seed in range(int(os.environ.get("FLEETAUDIT_INVENTORIES", INVENTORIES))):
        folder = tmp_path / f"seed-{seed}"
        folder.mkdir()
        inventory = Maker(seed).write(folder)
        assert our_answer(inventory) == ansibles_answer(inventory), f"seed {seed}"


@pytest.mark.slow
def test_host_patterns_give_the_hosts_that_ansible_lists(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(FLEET)
    raw = read(inventory, vault_password=None, environment={}, stdin="", warnings=[])
    groups = {name: raw.tree.members(name) for name in raw.tree.groups}
    for pattern in PATTERNS:
        listed = run([command("ansible"), "-i", str(inventory), pattern, "--list-hosts"], tmp_path)
        expected = [line.strip() for line in listed.splitlines()[1:]]
        ours = match(pattern, hosts=tuple(raw.tree.hosts), groups=groups, notices=[])
        assert list(ours) == expected, pattern
