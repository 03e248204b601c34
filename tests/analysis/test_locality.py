import pandas as pd
import pytest

from fleetaudit.analysis.locality import localize, port_labels, strip_volume

OWN = frozenset({"10.0.0.1"})


def _event(
    source: str,
    destination: str,
    *,
    direction: int = 14592,
    layer: int = 44,
    protocol: int = 6,
    source_port: int = 50000,
    destination_port: int = 445,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source_ip": [source],
            "source_port": [source_port],
            "destination_ip": [destination],
            "destination_port": [destination_port],
            "direction_code": [direction],
            "layer_rtid": [layer],
            "network_iana_number": [protocol],
        }
    )


def _ends(events: pd.DataFrame, **facts: object) -> tuple[str, str, str]:
    known = {"own": OWN, "os_build": 20348, **facts}
    row = localize(events, **known).iloc[0]  # type: ignore[arg-type]  # a test passes facts by name
    return row["local_ip"], row["remote_ip"], row["local_decided_by"]


def test_an_outbound_record_has_the_host_as_its_source() -> None:
    assert _ends(_event("10.0.0.9", "8.8.8.8", direction=14593, layer=48)) == (
        "10.0.0.9",
        "8.8.8.8",
        "outbound",
    )


def test_an_inbound_record_is_told_apart_by_the_hosts_own_address() -> None:
    assert _ends(_event("10.0.0.2", "10.0.0.1")) == ("10.0.0.1", "10.0.0.2", "own-address")
    assert _ends(_event("10.0.0.1", "10.0.0.2")) == ("10.0.0.1", "10.0.0.2", "own-address")


def test_a_group_address_is_the_hosts_end() -> None:
    assert _ends(_event("10.0.0.2", "239.255.255.250"))[2] == "group-address"
    assert _ends(_event("ff02::c", "fe80::1"))[0] == "ff02::c"


def test_a_broadcast_address_of_its_own_networks_is_the_hosts_end() -> None:
    event = _event("10.0.0.255", "10.0.0.2")
    assert _ends(event)[0] == "10.0.0.2"
    known = _ends(event, broadcasts=frozenset({"10.0.0.255"}))
    assert known == ("10.0.0.255", "10.0.0.2", "group-address")


def test_without_better_knowledge_the_build_decides() -> None:
    assert _ends(_event("10.1.1.1", "10.2.2.2"), os_build=19045)[0] == "10.2.2.2"
    assert _ends(_event("10.1.1.1", "10.2.2.2"), os_build=7601)[0] == "10.1.1.1"
    assert _ends(_event("10.1.1.1", "10.2.2.2"), os_build=None)[2] == "assumed"


def test_the_layer_overrules_a_direction_that_contradicts_it() -> None:
    row = localize(_event("10.0.0.1", "1.1.1.1", layer=48), own=OWN, os_build=26200).iloc[0]
    assert row["network_direction"] == "outbound"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (14594, "forward"),
        (14595, "bidirectional"),
        (14641, "inbound"),
        (14642, "outbound"),
        (14999, "code-14999"),
        (-1, "unknown"),
    ],
)
def test_a_direction_is_a_word_and_an_unknown_number_is_kept(code: int, word: str) -> None:
    event = _event("10.0.0.2", "10.0.0.1", direction=code, layer=12)
    row = localize(event, own=OWN, os_build=20348).iloc[0]
    assert row["network_direction"] == word


@pytest.mark.parametrize(
    ("protocol", "direction", "layer", "label"),
    [
        (6, 14592, 44, "tcp/445"),
        (17, 14593, 48, "udp/445"),
        (1, 14593, 48, "icmp/50000:445"),
        (47, 14592, 44, "proto-47"),
        (0, 14593, 48, "proto-0"),
        (-1, 14592, 44, "no protocol"),
    ],
)
def test_a_port_is_named_as_a_rule_would_name_it(
    protocol: int, direction: int, layer: int, label: str
) -> None:
    event = _event("10.0.0.2", "10.0.0.1", protocol=protocol, direction=direction, layer=layer)
    assert port_labels(localize(event, own=OWN, os_build=20348)).iloc[0] == label


def test_an_inbound_echo_request_shows_type_8_and_code_0() -> None:
    event = _event("10.0.0.2", "10.0.0.1", protocol=1, source_port=0, destination_port=8)
    assert port_labels(localize(event, own=OWN, os_build=20348)).iloc[0] == "icmp/8:0"


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        (
            "\\device\\harddiskvolume3\\windows\\system32\\svchost.exe",
            "\\windows\\system32\\svchost.exe",
        ),
        ("C:\\Windows\\System32\\svchost.exe", "\\windows\\system32\\svchost.exe"),
        ("System", "system"),
        ("-", "(no endpoint)"),
        (None, "(no endpoint)"),
        ("\\device\\mup", "\\device\\mup"),
    ],
)
def test_a_program_is_one_program_on_every_volume(program: str | None, shown: str) -> None:
    assert strip_volume(program) == shown
