from __future__ import annotations

import pytest

from fleetaudit.simulation.network._auth_md4 import md4

RFC_1320 = {
    b"": "31d6cfe0d16ae931b73c59d7e0c089c0",
    b"a": "bde52cb31de33e46245e05fbdbd6fb24",
    b"message digest": "d9130a8164549fe818874806e1c7014b",
    b"1234567890" * 8: "e33b4ddc9c38f2199c3e7b164fcc0536",
}


@pytest.mark.parametrize(("text", "digest"), RFC_1320.items())
def test_md4_is_that_of_the_rfc(text: bytes, digest: str) -> None:
    assert md4(text).hex() == digest
