"""What the scripts have in common that change a setting for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation._seam import ErrorText, TerminatingError
from fleetaudit.simulation.answers._answer import complaint, exit_record, has_rights, refusal
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.answers._answer import Asked
    from fleetaudit.simulation.model.host import SimulatedHost

__all__ = ["LOG_PATH", "log_settings", "switch", "unguarded"]

LOG_PATH: Final = r"%systemroot%\system32\LogFiles\Firewall\pfirewall.log"


def unguarded(asked: Asked) -> TerminatingError | None:
    """Return the error of a change whose lease is gone; None where it stands or none is named."""
    lease = next(
        (str(value) for name, value in asked.parameters.items() if name.lower() == "leasename"), ""
    )
    if not lease or lease in asked.host.scheduler.tasks:
        return None
    message = "Fleetaudit.NoLease: the lease that has to guard the change is gone."
    return TerminatingError(ErrorText(message=message, fully_qualified_id=message, category=14))


def switch(
    asked: Asked, tool: str, perform: Callable[[str], None], arguments: str
) -> Iterator[Emission]:
    """Yield what a script emits that lets ``tool`` change something."""
    error = unguarded(asked)
    if error is not None:
        yield error
        return
    if not has_rights(asked.host):
        yield from refusal(asked.host, tool)
        return
    try:
        perform(arguments)
    except ValueError:
        yield exit_record(tool, 1)
        yield from complaint("The parameter is incorrect.\r\n")
        return
    yield exit_record(tool)


def log_settings(host: SimulatedHost) -> list[dict[str, object]]:
    """Return what each profile's firewall logs, as ``Get-FirewallLogSetting`` finds it."""
    settings: list[dict[str, object]] = [
        {
            "Profile": profile,
            "Store": "local",
            "LogFilePath": LOG_PATH,
            "LogDroppedPackets": int(host.switches.log_blocked[profile]),
            "LogSuccessfulConnections": 0,
            "LogFileSize": host.switches.log_kilobytes[profile],
        }
        for profile in ("Domain", "Private", "Public")
    ]
    if Trait.GPO_LOGGING in host.spec.traits:
        nothing = ("LogFilePath", "LogSuccessfulConnections", "LogFileSize")
        owned = {"Profile": "Domain", "Store": "gpo", "LogDroppedPackets": 0}
        settings.append({**owned, **dict.fromkeys(nothing)})
    return settings
