# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what an operator writes to devices: names, addresses, ranges, users."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    DeviceNotFound,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.info import read_info
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.names import (
    Nic,
    existing_device,
    find_interface,
    find_pf,
    pci_address,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link
from hypothesis import given
from hypothesis import strategies as st

PF = hosts.IGB.address
SECOND = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:01:00")
PLAIN = "0000:00:02.0"  # a NIC without SR-IOV


@pytest.fixture
def kernel(tmp_path):
    """One PF with an altname and another permanent MAC, three VFs, and a plain NIC."""
    names = {"altnames": ["enx020000000100", "uplink"], "permaddr": "02:00:00:00:01:99"}
    files = {
        **hosts.host(),
        **hosts.interface("enp1s0", 3, hosts.IGB.mac, **names),
        **hosts.function(PLAIN, "8086", "1533"),
        **hosts.behind(PLAIN, "enp0s2"),
        **hosts.interface("enp0s2", 9, "02:00:00:00:09:00"),
        **hosts.interface("vlan7", 10, hosts.IGB.mac, link="enp1s0"),
    }
    kernel = simulate(tmp_path, files)
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "3")
    return kernel


@pytest.mark.parametrize(
    "text", ["enp1s0", " enp1s0 ", "uplink", "02:00:00:00:01:00", "02:00:00:00:01:99", "0000:01:00.0", "01:00.0"]
)
def test_a_pf_answers_to_each_of_its_names(kernel, text):
    assert find_pf(kernel, kernel.link.interfaces(), text).address == PF


MAC = "0a:0b:0c:0d:0e:0f"


@pytest.mark.parametrize(
    "text", [MAC, "0A:0B:0C:0D:0E:0F", "0a-0b-0c-0d-0e-0f", "0a0b.0c0d.0e0f", "0A0B0C0D0E0F", f" {MAC} "]
)
def test_a_mac_may_be_written_in_any_usual_notation(tmp_path, text):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.interface("enp1s0", 3, MAC)})
    assert find_pf(kernel, kernel.link.interfaces(), text).address == PF


@pytest.mark.parametrize("name", ["0a0b0c0d0e0f", "0a0b.0c0d.0e0f"])
def test_a_name_counts_before_a_mac_that_looks_like_it(tmp_path, name):
    one = hosts.interface("enp1s0", 3, MAC)
    other = hosts.pf(hosts.Nic(address="0000:02:00.0", name=name, mac="02:00:00:00:02:00"), group=2, ifindex=4)
    kernel = simulate(tmp_path, {**hosts.host(), **one, **other})
    assert find_pf(kernel, kernel.link.interfaces(), name).address == "0000:02:00.0"
    assert find_pf(kernel, kernel.link.interfaces(), MAC).address == PF


PFS = f"its SR-IOV devices are enp1s0 ({PF})"
NAME_IT = "Remedy: name a PF by interface name, altname, MAC or PCI address."


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        *(
            pytest.param(
                text,
                DeviceNotFound,
                f"pf: nothing on this host is called {text!r}: {PFS}. {NAME_IT}",
                id=f"not there: {text}",
            )
            for text in ("eth7", "0000:05:00.0", "02:00:00:00:55:55")
        ),
        pytest.param(
            "enp1s0v1",
            InvalidRequest,
            f"pf: 'enp1s0v1' is a VF, not a PF: 0000:01:10.2 is VF 1 of enp1s0 ({PF}). Remedy: name its PF: pf: {PF}.",
            id="a VF by name",
        ),
        pytest.param(
            "01:10.4",
            InvalidRequest,
            f"pf: '01:10.4' is a VF, not a PF: 0000:01:10.4 is VF 2 of enp1s0 ({PF}). Remedy: name its PF: pf: {PF}.",
            id="a VF by address",
        ),
    ],
)
def test_what_is_no_pf_is_refused(kernel, text, kind, message):
    with pytest.raises(kind) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    assert str(refused.value) == message


BOND_MAC, PLAIN_MAC = "02:00:00:00:0b:0d", "02:00:00:00:09:00"
THIRD = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac=BOND_MAC)
# Interfaces of every kind, beside two PFs in a bond.
OTHERS = {
    **hosts.interface("enp1s0", 3, BOND_MAC, permaddr="02:00:00:00:01:00", master="bond0"),
    **hosts.pf(THIRD, group=2, ifindex=4),
    **hosts.interface("enp2s0", 4, BOND_MAC, permaddr="02:00:00:00:01:01", master="bond0"),
    **hosts.virtual("bond0", 20, "bond", ["enp1s0", "enp2s0"], mac=BOND_MAC),
    **hosts.virtual("bond1", 21, "bond", mac="02:00:00:00:21:00"),
    **hosts.virtual("br77", 22, "bridge", ["bond0.7"], mac="02:00:00:00:22:00"),
    **hosts.virtual("bond0.7", 23, "vlan", ["bond0"], mac=BOND_MAC, id=7),
    **hosts.virtual("mv0", 24, "macvlan", ["enp2s0"], mac="02:00:00:00:24:00", mode="bridge"),
    **hosts.virtual("vx42", 25, "vxlan", mac="02:00:00:00:25:00", id=42),
    **hosts.virtual("ve0", 26, "veth", mac="02:00:00:00:26:00"),
    **hosts.virtual("tap0", 27, "tun", mac="02:00:00:00:27:00", type="tap"),
    **hosts.virtual("tun0", 28, "tun", type="tun"),
    **hosts.virtual("dummy0", 29, "dummy", mac="02:00:00:00:29:00"),
    **hosts.virtual("ifb0", 30, "ifb", mac="02:00:00:00:30:00"),
    **hosts.virtual("br-ex", 31, "openvswitch", mac="02:00:00:00:31:00"),
    **hosts.virtual("red", 32, "vrf", ["dummy0"], mac="02:00:00:00:32:00", table=9),
    **hosts.interface("eth7", 33, "02:00:00:00:33:00"),
    **hosts.on_bus("usb", "1-1:1.0", "cdc_ether", "usb0", 34, "02:00:00:00:34:00"),
    **hosts.virtio("0000:61:00.0", "ens4", 35, "02:00:00:00:35:00"),
    **hosts.function(PLAIN, "8086", "1533", "e1000e"),
    **hosts.behind(PLAIN, "enp0s2"),
    **hosts.interface("enp0s2", 36, PLAIN_MAC, altnames=["copper"]),
    **hosts.function("0000:00:03.0", "8086", "1533"),
    **hosts.function("0000:00:1f.0", "8086", "a323", "lpc_ich"),
    f"{hosts.DEVICES}/0000:00:1f.0/class": "0x060100",
}
PORTS = "Remedy: name one of its ports, or each in an entry of its own: enp1s0, enp2s0."
BOTH = f"the host's SR-IOV devices are enp1s0 ({PF}), enp2s0 (0000:02:00.0)"
FIRMWARE = "; if this NIC has SR-IOV, turn it on in the firmware setup of host and NIC."


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("bond0", "'bond0' is a bond with ports enp1s0, enp2s0", PORTS),
        (" bond0 ", "' bond0 ' is a bond with ports enp1s0, enp2s0", PORTS),
        ("bond1", "'bond1' is a bond without ports", NAME_IT),
        ("br77", "'br77' is a bridge with port bond0.7", "Remedy: name what is below it: enp1s0, enp2s0."),
        ("bond0.7", "'bond0.7' is VLAN 7 on bond0", "Remedy: name what is below it: enp1s0, enp2s0."),
        ("mv0", "'mv0' is a macvlan interface on enp2s0", "Remedy: name what is below it: enp2s0."),
        ("vx42", "'vx42' is a vxlan interface", NAME_IT),
        ("ve0", "'ve0' is one end of a veth pair", NAME_IT),
        ("tap0", "'tap0' is a tap device", NAME_IT),
        ("tun0", "'tun0' is a tun device", NAME_IT),
        ("dummy0", "'dummy0' is a dummy interface", NAME_IT),
        ("ifb0", "'ifb0' is an ifb interface", NAME_IT),
        ("br-ex", "'br-ex' is an Open vSwitch bridge without ports", NAME_IT),
        ("red", "'red' is a VRF with port dummy0", NAME_IT),
        ("lo", "'lo' is the loopback interface", NAME_IT),
        ("eth7", "'eth7' is an interface without a device", NAME_IT),
        ("usb0", "'usb0' is a NIC on bus usb, not on PCI (driver cdc_ether, device 1-1:1.0)", NAME_IT),
        ("02-00-00-00-22-00", "'02-00-00-00-22-00' (br77) is a bridge with port bond0.7", None),
        ("ens4", "'ens4' is a virtio NIC without SR-IOV (driver virtio_net, 0000:61:00.0)", None),
        ("61:00.0", "'61:00.0' is a virtio NIC without SR-IOV (driver virtio_net, 0000:61:00.0)", None),
        ("enp0s2", f"'enp0s2' is a NIC without SR-IOV (driver e1000e, {PLAIN})", None),
        ("copper", f"'copper' (enp0s2) is a NIC without SR-IOV (driver e1000e, {PLAIN})", None),
        (PLAIN_MAC, f"'{PLAIN_MAC}' (enp0s2) is a NIC without SR-IOV (driver e1000e, {PLAIN})", None),
        (PLAIN, f"'{PLAIN}' is a NIC without SR-IOV (driver e1000e, {PLAIN})", None),
        ("00:03.0", "'00:03.0' is a NIC without SR-IOV (driver none, 0000:00:03.0)", None),
        ("00:1f.0", "'00:1f.0' is a PCI device without SR-IOV (driver lpc_ich, 0000:00:1f.0)", None),
    ],
)
def test_an_interface_that_is_no_pf_is_told_what_it_is(tmp_path, text, what, remedy):
    kernel = simulate(tmp_path, {**hosts.host(), **OTHERS})
    with pytest.raises((InvalidRequest, NotSupported)) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    on_pci = isinstance(refused.value, NotSupported)
    expected = remedy or (NAME_IT[:-1] + FIRMWARE if on_pci else "Remedy: name what is below it: enp1s0, enp2s0.")
    assert str(refused.value) == f"pf: {what}, not a PF: {BOTH}. {expected}"


QAT, GPU, VGPU = "0000:41:00.0", "0000:42:00.0", "0000:42:00.4"
# Functions with SR-IOV that are no NICs, a VF of one, and one whose class cannot be read.
NO_NICS = {
    **hosts.function(QAT, "8086", "4940", "4xxx"),
    **{f"{hosts.DEVICES}/{QAT}/{name}": text for name, text in (("class", "0x0b4000"), ("sriov_numvfs", "0"))},
    **hosts.function(GPU, "10de", "20b5"),
    **{f"{hosts.DEVICES}/{GPU}/{name}": text for name, text in (("class", "0x030200"), ("sriov_numvfs", "1"))},
    **hosts.function(VGPU, "10de", "20b5", "nvidia"),
    f"{hosts.DEVICES}/{VGPU}/class": "0x030200",
    f"{hosts.DEVICES}/{VGPU}/physfn": Link(f"../{GPU}"),
    f"{hosts.DEVICES}/{GPU}/virtfn0": Link(f"../{VGPU}"),
}
BY_DEVICE = "; module pci_driver gives VFs of other devices a driver by their addresses, in devices."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (QAT, f"'{QAT}' is no NIC (PCI class 0x0b4000): its driver is 4xxx"),
        ("42:00.0", "'42:00.0' is no NIC (PCI class 0x030200): its driver is none"),
        (VGPU, f"'{VGPU}' is no NIC (PCI class 0x030200): its driver is nvidia"),
    ],
)
def test_a_device_with_sriov_that_is_no_nic_is_told_as_that(tmp_path, text, what):
    kernel = simulate(tmp_path, {**hosts.host(), **NO_NICS})
    with pytest.raises(NotSupported) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    assert str(refused.value) == f"pf: {what}; the host's SR-IOV devices are enp1s0 ({PF}). {NAME_IT[:-1]}{BY_DEVICE}"


def test_info_lists_nics_alone(tmp_path):
    found = read_info(simulate(tmp_path, {**hosts.host(), **NO_NICS}), None, 30.0)
    assert [each["pci_address"] for each in found["pfs"]] == [PF]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({f"{hosts.DEVICES}/{QAT}/class": "0x020700"}, id="InfiniBand"),
        pytest.param({f"{hosts.DEVICES}/{QAT}/class": "0x028000"}, id="another kind of network"),
        pytest.param({f"{hosts.DEVICES}/{QAT}/class": DIRECTORY}, id="a class that cannot be read"),
        pytest.param(hosts.behind(QAT, "onic0"), id="an accelerator that has an interface"),
    ],
)
def test_what_may_be_a_nic_is_a_pf(tmp_path, files):
    others = {path: content for path, content in NO_NICS.items() if path not in files}
    kernel = simulate(tmp_path, {**hosts.host(), **others, **files})
    assert find_pf(kernel, kernel.link.interfaces(), QAT).address == QAT
    assert kernel.pci.pfs() == [PF, QAT]


def test_a_virtio_nic_that_can_have_vfs_is_a_pf_by_name_too(tmp_path):
    virtio = hosts.virtio("0000:61:00.0", "ens4", 35, "02:00:00:00:35:00")
    kernel = simulate(tmp_path, {**hosts.host(), **virtio, f"{hosts.DEVICES}/0000:61:00.0/sriov_numvfs": "0"})
    assert find_pf(kernel, kernel.link.interfaces(), "ens4").address == "0000:61:00.0"


def test_a_host_without_sriov_says_so(tmp_path):
    kernel = simulate(tmp_path, {**hosts.interface("lo", 1, "")})
    with pytest.raises(DeviceNotFound) as refused:
        find_pf(kernel, kernel.link.interfaces(), "enp1s0")
    assert "its SR-IOV devices are none" in str(refused.value)


def test_a_mac_of_two_pfs_is_refused(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.pf(SECOND, group=2, ifindex=4)})
    with pytest.raises(InvalidRequest) as refused:
        find_pf(kernel, kernel.link.interfaces(), SECOND.mac)
    assert str(refused.value) == (
        "pf: '02:00:00:00:01:00' means more than one device: enp1s0 (0000:01:00.0), enp2s0 (0000:02:00.0). "
        "Remedy: name it by PCI address."
    )


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param(
            "enp1s0v0",
            InvalidRequest,
            "devices: 'enp1s0v0' is no PCI address. Remedy: write it as in \"0000:01:10.0\".",
            id="a name",
        ),
        pytest.param(
            "01:1f.0",
            DeviceNotFound,
            "devices: there is no PCI device 0000:01:1f.0 on this host. Remedy: `ls /sys/bus/pci/devices` lists "
            "them; a VF is there only after its PF has created it.",
            id="nothing there",
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(kernel, text, kind, message):
    with pytest.raises(kind) as refused:
        existing_device(kernel, text)
    assert str(refused.value) == message


hexadecimal = st.integers(0, 255).map("{:02x}".format)
addresses = st.builds(
    "{}:{}:{}.{}".format, st.integers(0, 65535).map("{:04x}".format), hexadecimal, hexadecimal, st.integers(0, 7)
)


@given(addresses)
def test_a_pci_address_has_one_full_form(address):
    assert pci_address(address) == address
    assert pci_address(f" {address.upper()} ") == address
    assert pci_address(f"0000:{address.split(':', 1)[1]}") == pci_address(address.split(":", 1)[1])


@pytest.mark.parametrize("text", ["", "enp1s0", "01:10", "01:10.8", "1:10.0", "02:00:00:00:01:00", "0000:01:10.0/.."])
def test_other_texts_are_no_pci_address(text):
    assert pci_address(text) is None


def test_the_tree_says_what_ip_says(kernel):
    """The fixture itself: names of one interface are in one entry."""
    entry = json.loads(kernel.sysfs.read("/sim/interfaces/enp1s0"))
    assert entry["altnames"] == ["enx020000000100", "uplink"]


def test_a_permanent_mac_tells_the_ports_of_a_bond_apart(tmp_path):
    """Both carry the bond's address."""
    ports = {
        **hosts.host(),
        **hosts.interface("enp1s0", 3, "02:00:00:00:0b:0d", permaddr="02:00:00:00:01:00"),
        **hosts.interface("enp2s0", 4, "02:00:00:00:0b:0d", permaddr="02:00:00:00:0b:0d"),
        **hosts.function("0000:02:00.0", "8086", "10c9"),
        **hosts.behind("0000:02:00.0", "enp2s0"),
        "sys/bus/pci/devices/0000:02:00.0/sriov_numvfs": "0",
    }
    kernel = simulate(tmp_path, ports)
    assert find_pf(kernel, kernel.link.interfaces(), "02:00:00:00:01:00").address == PF
    assert find_pf(kernel, kernel.link.interfaces(), "02:00:00:00:0b:0d").address == "0000:02:00.0"


IDS = "8086:10fb"


def card(*addresses, device="10fb"):
    """Functions with these ids, each a PF with an interface."""
    files = {}
    for number, address in enumerate(addresses):
        nic = hosts.Nic("ixgbe", "ixgbevf", device, "10ed", 63, address, f"ens{number}", f"02:00:00:00:70:{number:02}")
        files.update(hosts.pf(nic, group=None, ifindex=70 + number))
    return files


@pytest.mark.parametrize("text", [IDS, " 8086:10FB "])
def test_the_only_nic_with_these_ids_is_meant(tmp_path, text):
    kernel = simulate(tmp_path, {**hosts.host(), **card("0000:41:00.0"), **NO_NICS_41})
    assert find_pf(kernel, kernel.link.interfaces(), text) == Nic("0000:41:00.0")
    assert find_interface(kernel, text) == "ens0"


def test_an_altname_counts_before_ids(tmp_path):
    named = hosts.interface("enp1s0", 3, hosts.IGB.mac, altnames=[IDS])
    kernel = simulate(tmp_path, {**hosts.host(), **card("0000:41:00.0"), **named})
    assert find_pf(kernel, kernel.link.interfaces(), IDS) == Nic(PF, "enp1s0")


# A function of the same ids that is no NIC.
NO_NICS_41 = {
    **hosts.function("0000:49:00.0", "8086", "10fb"),
    f"{hosts.DEVICES}/0000:49:00.0/class": "0x0b4000",
}
SAME = {**hosts.function(PLAIN, "8086", "10fb", "ixgbe"), **hosts.behind(PLAIN, "ens9")}


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        pytest.param(
            IDS,
            card("0000:41:00.0", "0000:41:00.1"),
            "means more than one device: ens0 (0000:41:00.0), ens1 (0000:41:00.1). Remedy: name it by PCI address.",
            id="two ports",
        ),
        pytest.param(
            IDS,
            {**card("0000:41:00.0"), **SAME},
            f"means more than one device: ens9 ({PLAIN}), ens0 (0000:41:00.0). Remedy: name it by PCI address.",
            id="only one of which can have VFs",
        ),
        pytest.param(
            "8086:1533",
            {**hosts.function(PLAIN, "8086", "1533", "igb")},
            f"is a NIC without SR-IOV (driver igb, {PLAIN}), not a PF: the host's SR-IOV devices are enp1s0 ({PF}). "
            f"{NAME_IT[:-1]}{FIRMWARE}",
            id="a NIC without SR-IOV",
        ),
    ],
)
def test_ids_that_mean_no_one_pf_are_refused(tmp_path, text, files, message):
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    with pytest.raises((InvalidRequest, NotSupported)) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    assert str(refused.value) == f"pf: {text!r} {message}"


@pytest.mark.parametrize("text", ["8086:10fb", "8086:10ca", "10c9:8086"])
def test_ids_that_no_nic_has_are_refused_with_those_that_are_there(kernel, text):
    """Of VFs there are many: they are named by their PF."""
    with pytest.raises(DeviceNotFound) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    assert str(refused.value) == (
        f"pf: no NIC on this host is {text!r}: the host's NICs are enp0s2 ({PLAIN}) 8086:1533, enp1s0 ({PF}) "
        f"8086:10c9; VFs do not count. {NAME_IT}"
    )


@given(st.from_regex(r"[0-9a-f]{4}:[0-9a-f]{4}", fullmatch=True))
def test_yaml_reads_ids_as_a_text(text):
    """In base 60 no group but the first has more than two digits."""
    assert yaml.safe_load(f"pf: {text}") == {"pf": text}
    assert yaml.safe_load(f"[{{pf: {text}}}]") == [{"pf": text}]


@pytest.mark.parametrize("text", ["8086:10f", "8086-10fb", "8086:10fb:", "0x8086:0x10fb", "ixgbe"])
def test_other_texts_are_no_ids(kernel, text):
    with pytest.raises(DeviceNotFound, match="nothing on this host is called"):
        find_pf(kernel, kernel.link.interfaces(), text)


TEAM = hosts.virtual("team0", 50, "team", ["enp1s0", "ens9"], mac=BOND_MAC)
MIXED = {
    **TEAM,
    **hosts.interface("enp1s0", 3, BOND_MAC, master="team0"),
    **hosts.function(PLAIN, "8086", "1533", "igb"),
    **hosts.behind(PLAIN, "ens9"),
    **hosts.interface("ens9", 9, BOND_MAC, master="team0"),
}


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (False, f"not a PF: the host's SR-IOV devices are enp1s0 ({PF}). Remedy: name its port: enp1s0."),
        (
            True,
            f"not a NIC on PCI: the host's NICs are ens9 ({PLAIN}), enp1s0 ({PF}). Remedy: name one of its ports, or "
            "each in an entry of its own: enp1s0, ens9.",
        ),
    ],
)
def test_of_the_ports_of_a_team_those_are_named_that_would_do(tmp_path, plain, words):
    kernel = simulate(tmp_path, {**hosts.host(), **MIXED})
    with pytest.raises(InvalidRequest) as refused:
        find_pf(kernel, kernel.link.interfaces(), "team0", plain=plain)
    assert str(refused.value) == f"pf: 'team0' is a team with ports enp1s0, ens9, {words}"


def test_only_a_device_in_another_namespace_is_told(tmp_path):
    """The veth of a container has many a name."""
    inside = [
        {"ifname": "eth9", "address": "02:00:00:00:66:00"},
        {"ifname": "ens7", "address": "02:00:00:00:66:01", "parentdev": "0000:66:00.0"},
    ]
    there = {"run/netns/blue": "net:[2]", "sim/netns/run/netns/blue": json.dumps(inside)}
    kernel = simulate(tmp_path, {**hosts.host(), **there})
    with pytest.raises(DeviceNotFound) as refused:
        find_pf(kernel, kernel.link.interfaces(), "eth9")
    assert str(refused.value) == f"pf: nothing on this host is called 'eth9': {PFS}. {NAME_IT}"
    with pytest.raises(DeviceNotFound) as refused:
        find_interface(kernel, "ens7")
    assert str(refused.value) == (
        "pf: 'ens7' is not in this network namespace: interface ens7 of 0000:66:00.0 is in network namespace blue. "
        "Remedy: bring it back, or name the PF by PCI address for what needs no interface."
    )
