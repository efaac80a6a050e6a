"""Who in the guest received the numbered test frames: the kernel (an nftables counter), DPDK (dpdk-testpmd), AF_XDP."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.frames import TEST_PORT
from lab.vm import Vm

HUGEPAGES = 128  # of 2 MiB, enough for -m 128
READER = Path(__file__).parents[2] / "plugins" / "module_utils" / "_sriov" / "kernel" / "xsk_reader.py"
READS = 60.0  # seconds, at the longest
BPF = 321  # the number of bpf(2) on x86_64
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


class XskReceiver:
    """The collection's reader on a queue that was given to AF_XDP, as an ordinary user; as a context manager.

    :param frames: after which it ends; it tells how many came when it has ended, by then or when its time is over.
    """

    def __init__(self, vm: Vm, interface: str, queue: int, user: str, frames: int) -> None:
        self._vm = vm
        self._user = user
        self._path = f"/run/kernel-bypass-sriov/bpf/{interface}/xsks_map"
        self._words = f"{interface} {queue} {self._path} {READS} {frames} any {BPF}"
        self._unit = f"reader-{interface}-{queue}"
        self._log = f"/run/{self._unit}.log"
        self.mode = ""

    def __enter__(self) -> XskReceiver:
        program = f"/run/{self._unit}.py"
        self._vm.ssh(["tee", program], stdin=READER.read_text(encoding="utf-8"))
        limits = ("NoNewPrivileges=yes", "CapabilityBoundingSet=CAP_NET_RAW", "AmbientCapabilities=CAP_NET_RAW")
        limits = (*limits, "LimitMEMLOCK=infinity", f"StandardOutput=file:{self._log}")
        limits = (*limits, f"StandardError=file:{self._log}")
        self._vm.ssh(
            f"rm -f {self._log}; systemd-run --quiet --collect --unit={self._unit} --uid={self._user}"
            f" -p {' -p '.join(limits)} /usr/bin/python3 -I {program} {self._words}"
        )
        self.mode = str(self._told("ready")["mode"])
        return self

    def __exit__(self, *_details: object) -> None:
        self._vm.ssh(["systemctl", "stop", self._unit], check=False)

    def received(self) -> int:
        return int(self._told("result")["frames"])

    def cost(self) -> float | None:
        """Nanoseconds of its CPU time a frame; None where none came."""
        told = self._told("result")
        return told["cpu_seconds"] * 1e9 / told["frames"] if told["frames"] else None

    def _told(self, event: str) -> dict[str, Any]:
        """Waits until it says so.

        :raises LabError: it has ended without, or does not end.
        """
        end = time.monotonic() + READS + 30
        while True:
            over = self._vm.ssh(["systemctl", "is-active", "--quiet", self._unit], check=False).returncode != 0
            output = self._vm.ssh(["cat", self._log], check=False).stdout
            for line in output.splitlines():
                if line.startswith("{") and json.loads(line)["event"] == event:
                    return dict(json.loads(line))
            if over or time.monotonic() > end:
                raise LabError(f"the reader did not come to its {event!r}:\n{output}")
            time.sleep(1)
