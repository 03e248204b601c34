from __future__ import annotations

import socket
import threading
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def _serve(converse: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.02)

    def work() -> None:
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(2)
                try:
                    converse(line, over)
                except OSError:
                    continue

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join(5)
        listener.close()


@pytest.fixture
def raw_server() -> Callable[
    [Callable[[socket.socket, threading.Event], None]], AbstractContextManager[int]
]:
    """Return what serves one conversation after the other on 127.0.0.1 and gives the port."""
    return _serve
