"""One VM with two NICs that are joined, the second one in a namespace: where the kernel's selftests run."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass

from lab.errors import LabError
from lab.vm import Vm

from judges.source import SELFTESTS

PF, PEER, NAMESPACE = "enp1s0", "enp2s0", "peer"
PACKAGES = ("python3-yaml", "socat", "iperf3", "iputils-ping")
_TREE = "/root/kernel"
_SECONDS = 900
# Addresses stay where a test takes its interface down.
_NETWORK = f"""\
set -e
sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
ip netns add {NAMESPACE}
ip link set {PEER} netns {NAMESPACE}
ip -n {NAMESPACE} link set lo up
ip -n {NAMESPACE} address add 192.0.2.2/24 dev {PEER}
ip -n {NAMESPACE} address add 2001:db8::2/64 dev {PEER} nodad
ip -n {NAMESPACE} link set {PEER} up
"""
_ADDRESSES = """\
set -e
for name in $(ls /sys/class/net | grep '^enp1s0'); do ip address flush dev $name scope global; done
ip link set enp1s0 up
ip link set {name} up
ip address add 192.0.2.1/24 dev {name}
ip address add 2001:db8::1/64 dev {name} nodad
timeout 60 sh -c 'until [ "$(cat /sys/class/net/{name}/carrier)" = 1 ]; do sleep 0.3; done'
timeout 60 ping -q -c 1 -w 60 192.0.2.2 >/dev/null
timeout 60 ping -q -c 1 -w 60 2001:db8::2 >/dev/null
"""
_ENVIRONMENT = {
    "LOCAL_V4": "192.0.2.1",
    "LOCAL_V6": "2001:db8::1",
    "REMOTE_V4": "192.0.2.2",
    "REMOTE_V6": "2001:db8::2",
    "REMOTE_TYPE": "netns",
    "REMOTE_ARGS": NAMESPACE,
    "NO_COLOR": "1",
}
_LINE = re.compile(r"^(ok|not ok) \d+ (\S+)(?: # (SKIP|XFAIL)\b.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What a selftest has said: of each case pass, fail, skip or xfail, and its whole output."""

    cases: dict[str, str]
    text: str
    seconds: float


class Guest:
    """Such a VM."""

    def __init__(self, vm: Vm) -> None:
        self.vm = vm

    def install(self, packages: list[bytes], tree: bytes) -> None:
        """The programs are unpacked and no more: to configure them takes minutes under TCG."""
        self._give(tree, f"mkdir -p {_TREE} && tar -C {_TREE} -xz --no-same-owner")
        for package in packages:
            self._give(package, "cat > /root/package.deb && dpkg-deb --extract /root/package.deb /")
        self.vm.ssh("ldconfig")

    def connect(self) -> None:
        """The peer's side; the wires are joined by now."""
        self.vm.ssh(_NETWORK)

    def use(self, name: str) -> None:
        """The interface that is tested has the addresses, and reaches the peer.

        ntuple is on throughout: tests that find it off switch it on and off again, and a reset of ixgbe under
        traffic may end in an endless loop of the driver (docs/emulated-82599.md).
        """
        self.vm.ssh(f"[ {name} != {PF} ] || ethtool -K {PF} ntuple on")
        self.vm.ssh(_ADDRESSES.format(name=name), timeout=200)

    def run(self, test: str, name: str) -> Outcome:
        """One selftest, as in `hw/ntuple.py`, on an interface."""
        directory, _slash, program = test.rpartition("/")
        words = " ".join(f"{key}={value}" for key, value in {**_ENVIRONMENT, "NETIF": name}.items())
        command = (
            f"cd {_TREE}/{SELFTESTS}/drivers/net/{directory} && {words} timeout -s INT {_SECONDS} python3 {program}"
        )
        started = time.monotonic()
        done = self.vm.ssh(command, check=False, timeout=_SECONDS + 60)
        return Outcome(cases_of(done.stdout), done.stdout + done.stderr, time.monotonic() - started)

    def kernel(self) -> str:
        return self.vm.ssh("uname -r").stdout.strip()

    def _give(self, data: bytes, command: str) -> None:
        done = subprocess.run(self.vm.ssh_command(command), input=data, capture_output=True, timeout=300, check=False)
        if done.returncode:
            raise LabError(f"{command} failed in the guest:\n{done.stderr.decode(errors='replace')}")


def cases_of(text: str) -> dict[str, str]:
    """The cases in a selftest's TAP, without the name of the test before each; `LabError` where that is not whole."""
    plan = re.search(r"^1\.\.(\d+)$", text, re.MULTILINE)
    found = {}
    for verdict, name, why in _LINE.findall(text):
        result = {"SKIP": "skip", "XFAIL": "xfail"}.get(why) or ("pass" if verdict == "ok" else "fail")
        found[name.partition(".")[2]] = result
    if plan is None or len(found) != int(plan[1]):
        raise LabError(f"A selftest has not come to its end:\n{text[-3000:]}")
    return found
