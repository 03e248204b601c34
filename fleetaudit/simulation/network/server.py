"""Serves simulated hosts on loopback: WS-Management with real PSRP, NTLM and TLS.

Every host has its own address in 127/8 and all have the same port, as in a real network::

    with serve(engine, [ServedHost(name="web01", username="audit", password=Secret("p"))]) as fleet:
        connection = fleet.endpoints["web01"].connection

The server runs in one background thread, and its engine is called from that thread only.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import tempfile
import threading
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from fleetaudit import scripts
from fleetaudit.records.host import Auth, Connection, Encryption
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network._auth import Gate
from fleetaudit.simulation.network._auth_accounts import accounts
from fleetaudit.simulation.network._tls import Authority, Credential
from fleetaudit.simulation.network._wsman_endpoint import Endpoint, ServedHost
from fleetaudit.simulation.network._wsman_host import HostOnNet
from fleetaudit.simulation.network._wsman_scripts import ScriptRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from fleetaudit.simulation._seam import Engine
    from fleetaudit.simulation.network._auth_accounts import Accounts

__all__ = ["Endpoint", "RunningServer", "ServedHost", "serve"]

_LOOPBACK: Final = ipaddress.ip_network("127.0.0.0/8")
_FIRST: Final = ipaddress.ip_address("127.83.0.1")
_TRIES: Final = 20
_PATIENCE_S: Final = 60.0
_ROUNDS: Final = 8
"""Of the loop at the end: asyncio needs three until an accepted connection is known to us, and two
more until one that was reset has closed its socket."""
_SERVED_AUTHS: Final = frozenset({Auth.BASIC, Auth.NTLM, Auth.NEGOTIATE})


class RunningServer:
    """A running server.

    Attributes:
        endpoints: Where each host can be reached, by name.
        trust_path: The certificate authority's file, for clients that verify.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, plan: _Plan) -> None:
        self._loop = loop
        self._plan = plan
        self.endpoints: Mapping[str, Endpoint] = MappingProxyType(
            {name: plan.endpoint(name) for name in plan.hosts}
        )
        self.trust_path = plan.trust_path

    @property
    def failures(self) -> tuple[BaseException, ...]:
        """Return the bugs of the engine or the server so far; :func:`serve` raises the first."""
        return tuple(self._plan.failures)

    def kill(self, name: str) -> None:
        """Take a host off the net: its port closes, its connections are reset, its shells gone."""

        async def kill() -> None:
            self._plan.hosts[name].switch_off()

        self._do(kill())

    def revive(self, name: str) -> None:
        """Bring a host back to the net, also one that died or refused by its fault."""
        self._do(self._plan.hosts[name].switch_on(self._plan.port))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.result(_PATIENCE_S)


class _Plan:
    """The hosts with all they need, made before the loop starts."""

    def __init__(
        self,
        hosts: Sequence[ServedHost],
        *,
        runner: ScriptRunner,
        known: Accounts,
        folder: Path,
    ) -> None:
        self.failures: list[BaseException] = []
        self.port = 0
        self.trust_path = ""
        self.hosts: dict[str, HostOnNet] = {}
        self._authority: Authority | None = None
        self._known = known
        self._folder = folder
        for host, address in zip(hosts, _addresses(hosts), strict=True):
            if host.name in self.hosts:
                raise ValueError(f"two hosts are named {host.name}")
            self.hosts[host.name] = self._host(host, address, runner)

    def _host(self, host: ServedHost, address: str, runner: ScriptRunner) -> HostOnNet:
        _check(host)
        credential = self._credential(host, address)
        password = host.password
        if host.fault == Fault.WRONG_PASSWORD:
            password = Secret(password.reveal() + "-changed")
        gate = Gate(
            username=host.username,
            password=password,
            allows_basic=Auth.BASIC in host.auths,
            allows_negotiate=any(one != Auth.BASIC for one in host.auths),
            is_tls=host.tls,
            certificate_hash=credential.certificate_hash if credential else b"",
            accounts=self._known,
        )
        return HostOnNet(
            host,
            address=address,
            gate=gate,
            tls=credential.context if credential else None,
            runner=runner,
            failed=self.failures.append,
        )

    def _credential(self, host: ServedHost, address: str) -> Credential | None:
        if not host.tls:
            return None
        if self._authority is None:
            self._authority = Authority(self._folder)
            self.trust_path = str(self._authority.trust_path)
        return self._authority.issue(host.name, address)

    def endpoint(self, name: str) -> Endpoint:
        """Return where a host can be reached."""
        on_net = self.hosts[name]
        host = on_net.host
        is_clear = host.auths[0] == Auth.BASIC and not host.tls
        connection = Connection(
            server=on_net.address,
            port=self.port,
            ssl=host.tls,
            username=host.username,
            password=host.password,
            auth=host.auths[0],
            encryption=Encryption.NEVER if is_clear else Encryption.AUTO,
            trust_path=self.trust_path if host.tls else None,
            ignore_proxy=True,
            configuration_name=(
                host.jea_endpoint if host.jea is not None else "Microsoft.PowerShell"
            ),
        )
        return Endpoint(name=name, address=on_net.address, port=self.port, connection=connection)

    async def start(self, port: int) -> None:
        """Open the port of every host that has one open.

        Raises:
            OSError: No port was found that is free on every address.
        """
        for attempt in range(1 if port else _TRIES):
            try:
                self.port = await self._listen(port)
            except OSError as error:
                self.stop()
                if error.errno != errno.EADDRINUSE or port or attempt == _TRIES - 1:
                    raise
            else:
                return

    async def _listen(self, port: int) -> int:
        if not port:
            port = await _free_port(next(iter(self.hosts.values()), None))
        for host in self.hosts.values():
            if host.host.fault != Fault.REFUSE:
                await host.listen(port)
        return port

    def stop(self) -> None:
        """Take every host off the net."""
        for host in self.hosts.values():
            host.switch_off()


async def _free_port(host: HostOnNet | None) -> int:
    address = host.address if host is not None else str(_FIRST)
    probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, address, 0)
    port: int = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    return port


def _check(host: ServedHost) -> None:
    unknown = set(host.auths) - _SERVED_AUTHS
    if unknown or not host.auths:
        raise ValueError(f"{host.name}: cannot accept {', '.join(sorted(unknown)) or 'nothing'}")
    if ":" in host.username:
        raise ValueError(f"{host.name}: a colon ends a field of the account file")


def _addresses(hosts: Sequence[ServedHost]) -> list[str]:
    given = {host.address for host in hosts if host.address}
    for address in given:
        if ipaddress.ip_address(address) not in _LOOPBACK:
            raise ValueError(f"{address} is not in 127/8")
    free = (str(_FIRST + number) for number in range(len(hosts) + len(given)))
    unused = (address for address in free if address not in given)
    return [host.address or next(unused) for host in hosts]


async def _run(
    plan: _Plan, port: int, ready: Callable[[asyncio.AbstractEventLoop], None], over: asyncio.Event
) -> None:
    await plan.start(port)
    try:
        ready(asyncio.get_running_loop())
        await over.wait()
    finally:
        for _ in range(_ROUNDS):
            plan.stop()
            await asyncio.sleep(0)


@contextlib.contextmanager
def serve(
    engine: Engine,
    hosts: Sequence[ServedHost],
    *,
    identify: Callable[[str], str] = scripts.identify,
    port: int = 0,
) -> Iterator[RunningServer]:
    """Serve ``hosts`` until the context ends.

    Args:
        engine: Answers the scripts.
        hosts: Each with a name of its own.
        identify: Returns the name of the script whose text it is given, or nothing.
        port: The port of all hosts; 0 for one that is free on every address.

    Raises:
        ValueError: A host cannot be served as described.
        OSError: The port is taken.
        Exception: On leaving, the first bug of the engine or the server, if there was one.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fleetaudit-tls-") as folder,
        accounts.in_use() as known,
    ):
        plan = _Plan(hosts, runner=ScriptRunner(engine, identify), known=known, folder=Path(folder))
        with _thread(plan, port) as loop:
            yield RunningServer(loop, plan)
        if plan.failures:
            raise plan.failures[0]


@contextlib.contextmanager
def _thread(plan: _Plan, port: int) -> Iterator[asyncio.AbstractEventLoop]:
    started = threading.Event()
    state: dict[str, Any] = {}

    def ready(loop: asyncio.AbstractEventLoop) -> None:
        state["loop"] = loop
        started.set()

    async def main() -> None:
        state["over"] = asyncio.Event()
        await _run(plan, port, ready, state["over"])

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised again in the starting thread
            state["error"] = error
        finally:
            started.set()

    thread = threading.Thread(target=work, name="simulated-fleet", daemon=True)
    thread.start()
    started.wait()
    if "error" in state:
        thread.join()
        raise state["error"]
    loop: asyncio.AbstractEventLoop = state["loop"]
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(state["over"].set)
        thread.join(_PATIENCE_S)
        if "error" in state:
            raise state["error"]
