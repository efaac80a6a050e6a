"""Looks, from inside a freshly booted guest, whether the lab gives tests what they rely on."""

from __future__ import annotations

from collections.abc import Sequence

from lab import nics
from lab.errors import LabError
from lab.ssh import Ssh

_FOUR_GIB = 1 << 32
# The six IOV BARs of a PF come after its own six BARs and its ROM.
_IOV_BARS = slice(7, 13)
# A driver may still be at the second port of a card when SSH answers.
_SCRIPT = """\
for device in {addresses}; do
    cd /sys/bus/pci/devices/$device 2>/dev/null || {{ echo "$device missing"; continue; }}
    timeout 10 sh -c 'until [ -e driver ]; do sleep 0.2; done'
    echo "$device driver $(basename "$(readlink driver)")"
    echo "$device iommu $(basename "$(readlink iommu_group)")"
    sed "s/^/$device bar /" resource
done
"""


# A CPU that does not come online is a problem of the guest, told by the count; a driver sees only CPUs that are there.
_ONLINE = """\
for cpu in /sys/devices/system/cpu/cpu*/online; do
    [ "$(cat "$cpu")" = 1 ] || echo 1 > "$cpu"
done
modprobe --all --remove {drivers}
modprobe --all {drivers}
nproc
"""


def bring_cpus_online(ssh: Ssh, kinds: Sequence[str], cpus: int) -> None:
    """The CPUs that waited while PCI was enumerated; the PFs' drivers are loaded anew, so that they count them all."""
    drivers = " ".join(sorted({nics.kind(name).driver for name in kinds}))
    online = ssh.run(_ONLINE.format(drivers=drivers), timeout=180).stdout.strip()
    if online != str(cpus):
        raise LabError(f"The guest is up, but has {online} of its {cpus} CPUs online.")


def check_guest(ssh: Ssh, kinds: Sequence[str], iommu: bool) -> None:
    """Raises `LabError` when a test NIC, or the IOMMU, is not as asked for.

    This first command also opens the shared SSH connection.
    """
    addresses = {nic.pci_address: nic.kind.driver for nic in nics.of_cards(kinds)}
    text = ssh.run(_SCRIPT.format(addresses=" ".join(addresses)), timeout=180).stdout
    problems = [
        problem for address, driver in addresses.items() for problem in problems_of(address, driver, text, iommu)
    ]
    if problems:
        raise LabError("The guest is up, but not usable: " + "; ".join(problems))


def problems_of(address: str, driver: str, text: str, iommu: bool = True) -> list[str]:
    """What is wrong with one PF, given the output of the script."""
    rows = [line.split()[1:] for line in text.splitlines() if line.startswith(f"{address} ")]
    if ["missing"] in rows or not rows:
        return [f"{address} is not on the PCI bus"]
    facts = {row[0]: row[1] if len(row) > 1 else "" for row in rows if row[0] != "bar"}
    problems = []
    if facts.get("driver") != driver:
        problems.append(f"{address} is bound to {facts.get('driver') or 'no driver'}, not to {driver}")
    if bool(facts.get("iommu")) != iommu:
        has, switch = ("no", "on") if iommu else ("an", "off")
        problems.append(f"{address} has {has} IOMMU group: the kernel did not switch the IOMMU {switch}")
    bars = [int(row[1], 16) for row in rows if row[0] == "bar"]
    if any(start >= _FOUR_GIB for start in bars[_IOV_BARS]):
        problems.append(
            f"the VF BARs of {address} lie above 4 GiB, where QEMU 10.0 decodes them wrongly: use less memory"
        )
    return problems
