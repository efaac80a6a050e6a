"""Talks to a running QEMU by its QMP socket: one JSON object a line."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

from lab.errors import LabError


class Qmp:
    """A connection, as a context manager. QEMU serves one at a time."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
            self._reader = self._socket.makefile("rb")
            self._read()  # the greeting
            self.command("qmp_capabilities")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Qmp:
        return self

    def __exit__(self, *_details: object) -> None:
        self._reader.close()
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        line = self._reader.readline()
        if not line:
            raise ConnectionResetError("QEMU closed its QMP socket")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def command(self, name: str, **arguments: Any) -> Any:
        """Runs one command; events that come in between are dropped."""
        request = {"execute": name, "arguments": arguments} if arguments else {"execute": name}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = self._read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise LabError(f"QEMU refused {name}: {answer['error'].get('desc')}")


def parse_forwarded_port(text: str) -> int | None:
    """The loopback port in the output of the monitor's ``info usernet``."""
    match = re.search(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)", text)
    return int(match.group(1)) if match else None


def forwarded_port(path: Path) -> int:
    """The port that the system gave to QEMU for SSH. QEMU tells it in no other way than this text."""
    with Qmp(path) as qmp:
        text = qmp.command("human-monitor-command", **{"command-line": "info usernet"})
    port = parse_forwarded_port(text)
    if port is None:
        raise LabError(f"QEMU reports no forwarded port: {text!r}")
    return port
