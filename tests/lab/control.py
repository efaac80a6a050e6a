"""Requests to the model of a test NIC: one JSON object a line, one back (docs/emulated-82599.md, "Breaking it")."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lab.errors import LabError

_TIMEOUT = 30.0


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """The model's answer, without its ``ok``; `LabError` where the model refuses, or where there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except OSError as error:
            raise LabError(
                f"The control socket {path} does not answer: {error.strerror or error}. Only an emulated 82599 has one."
            ) from error
    if not line:
        raise LabError(f"The NIC behind {path} ended without an answer to {json.dumps(request)}.")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise LabError(f"The NIC refuses {json.dumps(request)}: {answer['error']}")
    return answer
