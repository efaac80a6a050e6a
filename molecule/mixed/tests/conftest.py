import re

import pytest


@pytest.fixture
def find_vfs(guest):
    """All VFs of the host: PCI address -> that of the PF and the driver in use, as sysfs and lspci tell them."""

    def find():
        links = guest.check_output("cd /sys/bus/pci/devices; for vf in */physfn; do echo $vf $(readlink $vf); done")
        lspci = guest.check_output("lspci -Dvmmk")
        cards = [dict(re.findall(r"^(\w+):\t(.+)$", card, re.M)) for card in lspci.split("\n\n")]
        drivers = {card["Slot"]: card.get("Driver") for card in cards}
        return {vf: (pf, drivers[vf]) for vf, pf in re.findall(r"^(\S+)/physfn \.\./(\S+)$", links, re.M)}

    return find
