"""What the guest's own programs say about a NIC: `ip`, `ethtool`, sysfs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from lab.errors import LabError
from lab.vm import Vm

_COUNTER = re.compile(r"^\s+(\w+): (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class GuestNic:
    """A PF and its VFs."""

    vm: Vm
    interface: str = "enp1s0"
    pci_address: str = "0000:01:00.0"

    @property
    def device(self) -> str:
        """The PF's directory in sysfs."""
        return f"/sys/bus/pci/devices/{self.pci_address}"

    def vf_addresses(self) -> list[str]:
        """PCI addresses of the VFs, in order."""
        listing = self.vm.ssh(f"cd {self.device}; for link in $(ls -dv virtfn* 2>/dev/null); do readlink $link; done")
        return [line.removeprefix("../") for line in listing.stdout.split()]

    def vf_interface(self, index: int) -> str:
        return self.vm.ssh(f"ls {self.device}/virtfn{index}/net").stdout.strip()

    def mac(self, interface: str) -> str:
        return self.vm.ssh(["cat", f"/sys/class/net/{interface}/address"]).stdout.strip()

    def set_num_vfs(self, number: int, autoprobe: bool = False) -> None:
        """By sysfs, as an administrator would."""
        self.vm.ssh(
            f"cd {self.device} && echo {int(autoprobe)} > sriov_drivers_autoprobe && echo {number} > sriov_numvfs"
            " && udevadm settle"
        )

    def set_up(self, interfaces: Iterable[str]) -> None:
        """Sets interfaces up and waits until they have their link."""
        names = list(interfaces)
        self.vm.ssh(" && ".join(f"ip link set {name} up" for name in names))
        self.wait_for_carrier(names)

    def wait_for_carrier(self, interfaces: Iterable[str], carrier: bool = True, timeout: float = 30.0) -> None:
        """A reset of the PF takes the VFs' links away, and their driver's next watchdog brings them back."""
        files = " ".join(f"/sys/class/net/{name}/carrier" for name in interfaces)
        end = time.monotonic() + timeout
        while True:
            seen = self.vm.ssh(f"grep -H . {files}", check=False).stdout
            if seen.count(f"carrier:{int(carrier)}") == len(files.split()):
                return
            if time.monotonic() > end:
                raise LabError(f"Not all have carrier {int(carrier)} after {timeout} s:\n{seen}")
            time.sleep(0.3)

    def counters(self, interface: str | None = None) -> dict[str, int]:
        """All of ``ethtool -S``."""
        text = self.vm.ssh(["ethtool", "-S", interface or self.interface]).stdout
        return {name: int(value) for name, value in _COUNTER.findall(text)}

    def rss(self) -> tuple[int, set[int]]:
        """The number of channels (``ethtool -l``), and the queues that the indirection table names (``-x``)."""
        channels = self.vm.ssh(["ethtool", "-l", self.interface]).stdout.rpartition("Combined:")[2]
        table = self.vm.ssh(["ethtool", "-x", self.interface]).stdout.partition("RSS hash key")[0]
        rows = re.findall(r"^\s+\d+:((?:\s+\d+)+)$", table, re.MULTILINE)
        return int(channels), {int(queue) for row in rows for queue in row.split()}
