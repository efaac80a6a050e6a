"""Bad input on a host with VFs in use: each request is refused by name, reason and remedy, and nothing is written."""

import re

import pytest

ON = " on enp1s0 (0000:01:00.0)"
PF = {"pf": "enp1s0"}
EVERYTHING = ["destroy_vfs", "in_use", "link_reset", "take_pf", "bifurcated"]
END_IT = "end the program first: nothing allows this while it has the device open."
OR_IN_USE = "or accept that its user loses it: allow: [in_use]."
GOING = (
    f"num_vfs: cannot go from 3 to 2 VFs{ON}: the kernel does that only through 0: VF 0 (0000:01:10.0, vfio-pci), "
    "VF 1 (0000:01:10.2, igbvf), VF 2 (0000:01:10.4, no driver) would be destroyed. "
    "Remedy: allow: [destroy_vfs] if that is what you want."
)
OPEN = f"num_vfs: cannot remove VFs 0 to 2{ON}: VF 0: process PID (sleep) has /dev/vfio/N open. Remedy: {END_IT}"
AWAY = (
    f"num_vfs: cannot remove VFs 0 to 2{ON}: VF 1: its interface enp1s0v1 is in network namespace blue. "
    f"Remedy: release them, {OR_IN_USE}"
)
OPEN_DRIVER = (
    "driver: cannot change vfio-pci to igbvf on 0000:01:10.0: process PID (sleep) has /dev/vfio/N open. "
    f"Remedy: {END_IT}"
)
OPEN_MAC = (
    f"mac: cannot give VF 0 02:00:00:00:aa:00{ON}: it is in use, and its user goes on with the old one: process PID "
    f"(sleep) has /dev/vfio/N open. Remedy: {END_IT}"
)
LINK = (
    "on enp2s0 (0000:02:00.0): it carries the SSH connection from 10.0.2.2 and carries a default route. Remedy: reach "
    "the host over another NIC, or accept that its link is lost for some seconds: allow: [link_reset]."
)


def several(*messages):
    return "\n- ".join([f"{len(messages)} things are refused:", *messages])


LOOK = """
    cd /sys/bus/pci/devices/0000:01:00.0; cat sriov_numvfs sriov_drivers_autoprobe virtfn*/driver_override
    readlink virtfn*/driver; ls -lR /dev/vfio; ip -br link; ip -n blue -br link
"""

REFUSALS = [
    pytest.param(
        "pf",
        {**PF, "num_vfs": 8, "allow": ["destroy_vfs"]},
        f"num_vfs: cannot create 8 VFs{ON}: the device supports 7 (sriov_totalvfs). Remedy: ask for at most 7.",
        id="more VFs than the card has",
    ),
    pytest.param(
        "pf",
        {"pf": "enp9s0", "num_vfs": 1},
        "pf: nothing on this host is called 'enp9s0': its SR-IOV devices are enp1s0 (0000:01:00.0), enp2s0 "
        "(0000:02:00.0). Remedy: name a PF by interface name, altname, MAC or PCI address.",
        id="an interface that is not there",
    ),
    pytest.param(
        "pf",
        {"pf": "0000:01:10.0", "num_vfs": 1},
        "pf: '0000:01:10.0' is a VF, not a PF: 0000:01:10.0 is VF 0 of enp1s0 (0000:01:00.0). "
        "Remedy: name its PF: pf: 0000:01:00.0.",
        id="a VF for a PF",
    ),
    pytest.param(
        "pf",
        {**PF, "num_vfs": 2},
        several(GOING, OPEN, AWAY),
        id="another number of VFs",
    ),
    pytest.param(
        "pf",
        {**PF, "num_vfs": 0},
        several(OPEN, AWAY),
        id="VFs in use",
    ),
    pytest.param("pf", {**PF, "num_vfs": 0, "allow": ["in_use"]}, OPEN, id="a VF that a program has, allowed in part"),
    pytest.param("pf", {**PF, "num_vfs": 2, "allow": EVERYTHING}, OPEN, id="a VF that a program has, all allowed"),
    pytest.param(
        "pf",
        {**PF, "min_rss_queues": 16},
        f"min_rss_queues: 3 VFs leave the PF an RSS group of 2, less than 16{ON}: igb: 0 VFs: 8, from 1 VF on: 2; "
        "online CPUs: 2. Remedy: ask for fewer VFs, or accept the smaller group by a lower min_rss_queues.",
        id="more RSS queues than there are",
    ),
    pytest.param(
        "pf",
        {"pf": "enp2s0", "num_vfs": 2},
        f"cannot create 2 VFs {LINK}",
        id="VFs on the NIC under SSH",
    ),
    pytest.param(
        "pf",
        {"pf": "enp2s0", "up": False},
        "cannot set the PF down on enp2s0 (0000:02:00.0): it carries the SSH connection from 10.0.2.2 and carries "
        "a default route. Remedy: reach the host over another NIC.",
        id="the NIC under SSH down",
    ),
    pytest.param(
        "pci_driver",
        {**PF, "vf": 2, "driver": "vfio-pcii"},
        "driver: there is no driver 'vfio-pcii' on this host: it is not registered in /sys/bus/pci/drivers and no "
        "kernel module has the name. Remedy: install its module for the running kernel, or name another.",
        id="a driver that is not there",
    ),
    pytest.param(
        "pci_driver",
        {**PF, "vf": 2, "driver": "igb"},
        "driver: igb is not for this device on 0000:01:10.4: no alias of it matches 8086:10ca, and it would be made to "
        "probe what it does not know; the kernel's own driver for it is igbvf. "
        "Remedy: write it default (igbvf), or vfio-pci for a program.",
        id="the PF's driver for a VF",
    ),
    pytest.param(
        "pci_driver",
        {**PF, "vf": "0-3", "driver": "none"},
        f"vf: 0-3 names VF 3{ON}: the PF has 3 VFs. Remedy: ask for more (num_vfs: 4), or name VFs 0 to 2.",
        id="a VF that is not there",
    ),
    pytest.param(
        "pci_driver",
        {**PF, "vf": 0, "driver": "default"},
        OPEN_DRIVER,
        id="the driver of a VF that a process has open",
    ),
    pytest.param(
        "pci_driver",
        {**PF, "vf": 0, "driver": "default", "allow": EVERYTHING},
        OPEN_DRIVER,
        id="the driver of a VF that a process has open, all allowed",
    ),
    pytest.param(
        "pci_driver",
        {"devices": ["0000:01:10.2"], "driver": "vfio-pci"},
        "driver: cannot change igbvf to vfio-pci on 0000:01:10.2: its interface enp1s0v1 is in network namespace blue. "
        f"Remedy: release the device, {OR_IN_USE}",
        id="the driver of a VF in another namespace",
    ),
    pytest.param(
        "pci_driver",
        {"devices": ["0000:02:00.0"], "driver": "vfio-pci", "allow": EVERYTHING},
        "driver: cannot change igb to vfio-pci on enp2s0 (0000:02:00.0): carries the SSH connection from 10.0.2.2. "
        "Remedy: reach the host over another NIC.",
        id="the driver of the NIC under SSH",
    ),
    pytest.param(
        "vf",
        {**PF, "vfs": [{"vf": 0, "mac": "02:00:00:00:aa:00"}]},
        OPEN_MAC,
        id="the address of a VF that a process has open",
    ),
    pytest.param(
        "vf",
        {**PF, "vfs": [{"vf": 0, "mac": "02:00:00:00:aa:00"}], "allow": EVERYTHING},
        OPEN_MAC,
        id="the address of a VF that a process has open, all allowed",
    ),
    pytest.param(
        "vf",
        {**PF, "vfs": [{"vf": 0, "vlan": 7}]},
        f"vlan: cannot change for VF 0{ON}: it is in use, and what its user sends and receives would change: process "
        "PID (sleep) has /dev/vfio/N open. Remedy: release it, or accept that for its user: allow: [in_use].",
        id="the VLAN of a VF that a process has open",
    ),
    pytest.param(
        "vf",
        {**PF, "vfs": [{"vf": 2, "link_state": "disable"}]},
        f"link_state: cannot set disable for VF 2{ON}: driver igb: it leaves a VF's link to the PF's. "
        "Remedy: leave out link_state.",
        id="an attribute that igb has not",
    ),
    pytest.param(
        "flow_rule",
        {**PF, "rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 0}]},
        f"rules[0]: cannot send to VF 0 queue 0{ON}: driver igb does not steer into VFs: its rules name queues of "
        "the PF only. Remedy: give the VF an address of its own, or use a NIC whose driver does: ixgbe, i40e "
        "(unproven), bnxt_en (BCM573xx and BCM574xx: by destination MAC only), rvu_nicpf, qede (to the RSS of the VF).",
        id="a rule into a VF of igb",
    ),
    pytest.param(
        "flow_rule",
        {**PF, "rules": [{"flow_type": "ether", "dst_mac": "02:00:00:00:01:00", "queue": 1}]},
        f"rules: this NIC takes no flow rules{ON}: driver igb keeps ntuple filters off for it (ethtool -k: [fixed]). "
        "Remedy: leave out rules, or use another NIC.",
        id="any rule on an 82576",
    ),
    pytest.param(
        "host",
        {"pfs": [{**PF, "vfs": [{"vf": 2, "trust": True}]}, {"pf": "enp2s0", "num_vfs": 1}]},
        f"cannot create 1 VF {LINK}",
        id="a host of which the second PF cannot be had",
    ),
    pytest.param(
        "host",
        {
            "pfs": [
                {**PF, "vfs": [{"vf": "all", "driver": "vfio-pci"}, {"vf": 0, "driver": "default"}]},
                {"pf": "enp2s0", "num_vfs": 1},
            ],
            "allow": ["in_use"],
        },
        several(f"cannot create 1 VF {LINK}", OPEN_DRIVER),
        id="two PFs that cannot be had, and a consent for another user",
    ),
]


def said(message):
    """Process and group numbers differ from boot to boot."""
    return re.sub(r"vfio/\d+", "vfio/N", re.sub(r"process \d+", "process PID", message))


@pytest.fixture(scope="module")
def in_use(guest):
    """A process holds VF 0, and VF 1 is in another namespace."""
    guest.check_output(
        "cd /sys/bus/pci/devices/0000:01:00.0; node=/dev/vfio/$(basename $(readlink virtfn0/iommu_group));"
        ' systemd-run --quiet --unit=holder sh -c "exec sleep 600 9<>$node"; ip netns add blue;'
        ' ip link set dev "$(ls virtfn1/net)" netns blue'
    )
    yield guest.check_output(LOOK)
    guest.check_output("systemctl stop holder; ip -n blue link set dev enp1s0v1 netns 1; ip netns delete blue")


@pytest.mark.parametrize(("module", "options", "message"), REFUSALS)
def test_it_is_refused_with_these_words(modules, in_use, module, options, message):
    result = modules.run(module, options)
    assert result["failed"] and said(result["msg"]) == message
    assert (result["changed"], result["done"]) == (False, [])


def test_nothing_has_changed(guest, in_use):
    assert guest.check_output(LOOK) == in_use
