"""Who in the guest received the numbered test frames: the kernel (an nftables counter) or DPDK (dpdk-testpmd)."""

from __future__ import annotations

import json
import re
import time

from lab.errors import LabError
from lab.frames import TEST_PORT
from lab.vm import Vm

HUGEPAGES = 128  # of 2 MiB, enough for -m 128
TESTPMD_START = 90.0  # seconds; about 10 under TCG on an idle machine
_PORT_MAC = re.compile(r"^Port 0: ([0-9A-F:]{17})", re.MULTILINE)
_RX_PACKETS = re.compile(r"RX-packets: (\d+)")


class KernelReceiver:
    """Frames that an interface hands to the kernel, counted at its ingress by nftables; as a context manager."""

    def __init__(self, vm: Vm, interface: str, dport: int = TEST_PORT) -> None:
        self._vm = vm
        self._dport = dport
        self._table = f"netdev lab_{interface}"
        self._interface = interface
        self.mac = vm.ssh(["cat", f"/sys/class/net/{interface}/address"]).stdout.strip()

    def __enter__(self) -> KernelReceiver:
        rules = f"""
            table {self._table} {{
                counter frames {{ }}
                chain in {{
                    type filter hook ingress device {self._interface} priority 0
                    ether daddr {self.mac} udp dport {self._dport} counter name frames
                }}
            }}
        """
        self._vm.ssh(["nft", "-f", "-"], stdin=rules)
        return self

    def __exit__(self, *_details: object) -> None:
        self._vm.ssh(f"nft delete table {self._table}", check=False)

    def received(self) -> int:
        """Frames so far."""
        listing = json.loads(self._vm.ssh(f"nft -j list counters table {self._table}").stdout)
        return int(next(entry["counter"]["packets"] for entry in listing["nftables"] if "counter" in entry))


class DpdkReceiver:
    """dpdk-testpmd in rxonly mode on a PCI function that vfio-pci holds; as a context manager.

    :param user: whom it runs as, without any capability, with hugepages that are there; "" for root, which takes some.
    """

    def __init__(self, vm: Vm, pci_address: str, user: str = "") -> None:
        self._vm = vm
        self._user = user
        self._address = pci_address
        self._unit = "testpmd-" + re.sub(r"[:.]", "-", pci_address)
        self._log = f"/run/{self._unit}.log"
        self.mac = ""

    def __enter__(self) -> DpdkReceiver:
        pages = "" if self._user else f"echo {HUGEPAGES} > /proc/sys/vm/nr_hugepages;"
        start = (
            f"{pages} rm -f {self._log};"
            f" systemd-run --quiet --collect --unit={self._unit} -p StandardOutput=file:{self._log}"
            f" -p StandardError=file:{self._log} {self._as_user()} dpdk-testpmd -m 128 -a {self._address}"
            f" {'--in-memory --no-telemetry' if self._user else f'--file-prefix={self._unit}'}"
            " -- --total-num-mbufs=8192 --forward-mode=rxonly --stats-period=1"
        )
        self._vm.ssh(start)
        self.mac = self._wait_until_it_forwards()
        return self

    def __exit__(self, *_details: object) -> None:
        self._vm.ssh(["systemctl", "stop", self._unit], check=False)

    def kill(self) -> None:
        """As the kernel kills a process that has taken too much memory; returns when it has let go of its function."""
        self._vm.ssh(
            f"systemctl kill --signal=KILL {self._unit}"
            f" && timeout 20 sh -c 'while systemctl is-active --quiet {self._unit}; do sleep 0.2; done'"
        )

    def _as_user(self) -> str:
        if not self._user:
            return ""
        # It needs two CPUs, and has those that are isolated only where that is said.
        limits = ("CapabilityBoundingSet=", "NoNewPrivileges=yes", "LimitMEMLOCK=infinity", "RuntimeDirectory=testpmd")
        limits = (*limits, "CPUAffinity=0-1")
        return f"--uid={self._user} -p {' -p '.join(limits)} -p Environment=XDG_RUNTIME_DIR=/run/testpmd"

    def received(self) -> int:
        """Frames so far, as testpmd's statistics tell once a second."""
        counts = _RX_PACKETS.findall(self._output())
        return int(counts[-1]) if counts else 0

    def _output(self) -> str:
        return self._vm.ssh(["cat", self._log], check=False).stdout

    def _wait_until_it_forwards(self) -> str:
        end = time.monotonic() + TESTPMD_START
        while time.monotonic() < end:
            output = self._output()
            mac = _PORT_MAC.search(output)
            if mac and _RX_PACKETS.search(output):
                return mac.group(1).lower()
            if self._vm.ssh(["systemctl", "is-active", "--quiet", self._unit], check=False).returncode != 0:
                break
            time.sleep(1)
        raise LabError(f"dpdk-testpmd on {self._address} did not start:\n{self._output()}")
