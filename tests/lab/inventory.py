"""Writes an Ansible inventory for running VMs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from lab.ssh import Ssh


@dataclass(frozen=True)
class Host:
    """One VM under its inventory name."""

    name: str
    ssh: Ssh

    def variables(self) -> dict[str, str | int]:
        """Connection variables. Ansible shares the connection that the lab has already opened."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ssh.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.ssh.private_key),
            "ansible_ssh_args": " ".join(["-F", "/dev/null", *self.ssh.options()]),
            "ansible_python_interpreter": "/usr/bin/python3",
        }


def render(hosts: Iterable[Host]) -> str:
    """YAML text; every scalar is written as JSON, which YAML reads as well."""
    lines = ["---", "all:", "  hosts:"]
    for host in hosts:
        lines.append(f"    {host.name}:")
        lines += [f"      {name}: {json.dumps(value)}" for name, value in host.variables().items()]
    return "\n".join(lines) + "\n"
