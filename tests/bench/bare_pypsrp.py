"""The floor: pypsrp alone, connect + one small script + close on each host of an inventory."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from fleetaudit import scripts


def visit(host: dict[str, Any]) -> None:
    """Open a shell, run one of the project's scripts, close."""
    wsman = WSMan(
        host["ansible_host"],
        port=host["ansible_port"],
        ssl=host["ansible_psrp_protocol"] == "https",
        username=host["ansible_user"],
        password=host["ansible_password"],
        auth=host["ansible_psrp_auth"],
        encryption=host["ansible_psrp_message_encryption"],
        cert_validation=host.get("ansible_psrp_ca_cert", True),
        no_proxy=True,
    )
    with wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_script(scripts.text("Get-AuditPolicy"))
        shell.invoke()


def main() -> None:
    """Visit every host of the inventory on stdin."""
    hosts = json.load(sys.stdin)["hosts"].values()
    with ThreadPoolExecutor(64) as threads:
        list(threads.map(visit, hosts))


if __name__ == "__main__":
    main()
