"""A simulated fleet in a process of its own: prints its inventory, serves until stdin closes.

It lives by the machine's clock, so that a sweep of it takes the time that it takes.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from fleetaudit.clock import SystemClock
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.stage import on_loopback

if TYPE_CHECKING:
    from fleetaudit.records.host import Host


def variables(host: Host) -> dict[str, object]:
    """Return the host as an inventory has it."""
    connection = host.connection
    return {
        "ansible_connection": "psrp",
        "ansible_host": connection.server,
        "ansible_port": connection.port,
        "ansible_psrp_protocol": "https" if connection.ssl else "http",
        "ansible_user": connection.username,
        "ansible_password": connection.password.reveal() if connection.password else None,
        "ansible_psrp_auth": connection.auth.value,
        "ansible_psrp_message_encryption": connection.encryption.value,
        **({"ansible_psrp_ca_cert": connection.trust_path} if connection.trust_path else {}),
    }


def main(size: int) -> None:
    """Serve ``size`` hosts of which none fails."""
    fleet = build_fleet(size=size, seed=7, clock=SystemClock())
    with on_loopback(fleet) as stage:
        good = [h for h in stage.hosts if fleet.hosts[h.name].fault is Fault.NONE]
        print(json.dumps({"hosts": {host.name: variables(host) for host in good}}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
