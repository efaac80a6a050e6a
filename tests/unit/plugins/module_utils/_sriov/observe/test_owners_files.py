# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Second owners: which files count, what is told of them, and what it costs to look."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.config_files import LARGEST
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Device, Netdev, Pf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.owners import owned_pf, second_owners
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.owners import (
    CONF,
    COUNT,
    IFCFG,
    IFINDEX,
    IGB,
    INTERFACES,
    IXGBE,
    LINK,
    MODPROBE,
    NETPLAN,
    NETWORK,
    NEUTRON,
    ONE,
    PROFILE,
    RULES,
    SYSFS,
    TMPFILES,
    Counted,
    ethernet,
    kernel_at,
    link,
    network,
    owners_at,
    profile,
    verdicts,
)

OWN = profile("uuid=1", "interface-name=enp1s0")
RULE = 'KERNEL=="enp1s0", ATTR{device/sriov_numvfs}="4"'
MASKED = Link("/dev/null")


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        pytest.param(
            {"usr/lib/udev/rules.d/70-vfs.rules": RULE, "etc/udev/rules.d/70-vfs.rules": "# nothing"}, [], id="udev"
        ),
        pytest.param(
            {"usr/lib/udev/rules.d/70-vfs.rules": RULE, "etc/udev/rules.d/70-vfs.rules": MASKED}, [], id="/dev/null"
        ),
        pytest.param(
            {"usr/lib/udev/rules.d/70-vfs.rules": RULE, "run/udev/rules.d/70-vfs.rules": RULE},
            ["/run/udev/rules.d/70-vfs.rules"],
            id="run before usr",
        ),
        pytest.param(
            {"usr/lib/udev/rules.d/70-vfs.rules": RULE, "lib": Link("usr/lib")},
            ["/usr/lib/udev/rules.d/70-vfs.rules"],
            id="one directory by two names",
        ),
        pytest.param(
            {"usr/lib/modprobe.d/a.conf": "options ixgbe max_vfs=4", "etc/modprobe.d/a.conf": ""}, [], id="modprobe"
        ),
        pytest.param(
            {
                "etc/systemd/system/a.service": "x > $a/sriov_numvfs",
                "etc/systemd/system/m.wants/a.service": Link("../a.service"),
            },
            ["/etc/systemd/system/a.service"],
            id="a unit that is enabled",
        ),
        pytest.param(
            {"usr/lib/NetworkManager/system-connections/a": OWN, PROFILE: profile("uuid=1")},
            [f"/{PROFILE}"],
            id="NM: the uuid in /etc",
        ),
        pytest.param(
            {
                "usr/lib/NetworkManager/system-connections/a": OWN,
                "etc/NetworkManager/system-connections/1.nmmeta": MASKED,
            },
            [],
            id="NM: nmmeta",
        ),
        pytest.param(
            {"usr/lib/NetworkManager/system-connections/a": OWN, "etc/NetworkManager/system-connections/a": MASKED},
            ["/usr/lib/NetworkManager/system-connections/a"],
            id="NM: a name masks nothing",
        ),
        pytest.param({"etc/udev/rules.d/60-kernel-bypass-sriov.rules": RULE}, [], id="ours"),
        pytest.param(
            {"etc/udev/rules.d/.70-vfs.rules.swp": RULE, "etc/udev/rules.d/70-vfs.rules~": RULE}, [], id="copies"
        ),
        pytest.param({}, [], id="nothing"),
    ],
)
def test_files_count_as_those_do_that_read_them(tmp_path, files, paths):
    assert [owner.path for owner in owners_at(tmp_path, files)] == paths


def test_what_udev_and_networkd_say_they_have_applied_is_the_proof(tmp_path):
    files = {
        **IFINDEX,
        LINK: link("Driver=ixgbe"),
        NETWORK: network("Name=en*"),
        f"{NETWORK}.d/more.conf": "[SR-IOV]\nVirtualFunction=1",
        "run/udev/data/n2": f"E:ID_NET_LINK_FILE=/{LINK}\nE:ID_PATH=x",
        "run/systemd/netif/links/2": f'NETWORK_FILE=/{NETWORK}\nNETWORK_FILE_DROPINS="/{NETWORK}.d/more.conf"',
    }
    found = verdicts(owners_at(tmp_path, files))
    assert found[:3] == [
        (f"/{LINK}", 5, ONE, True),
        (f"/{NETWORK}", 5, ONE, True),
        (f"/{NETWORK}.d/more.conf", 2, ONE, True),
    ]
    assert found[3:] == [(f"/{NETWORK}", 5, "enp2s0", False), (f"/{NETWORK}.d/more.conf", 2, "enp2s0", False)]


def test_a_drop_in_matches_what_its_file_does(tmp_path):
    files = {NETWORK: "[Match]\nName=enp1s0", f"{NETWORK}.d/vfs.conf": "[SR-IOV]\nVirtualFunction=1"}
    assert verdicts(owners_at(tmp_path, files)) == [(f"/{NETWORK}.d/vfs.conf", 2, ONE, True)]


def test_ethernets_of_netplan_are_put_together_from_all_files(tmp_path):
    files = {
        NETPLAN: ethernet("match: {macaddress: 52:54:00:12:34:56}"),
        "etc/netplan/60-vf.yaml": ethernet("link: lan", name="v"),
    }
    assert verdicts(owners_at(tmp_path, files)) == [("/etc/netplan/60-vf.yaml", 5, ONE, True)]


def test_libvirt_warns_and_forbids_nothing(tmp_path):
    network = "<network><name>vfs</name><forward mode='hostdev'><pf dev='enp1s0'/></forward></network>"
    found = owners_at(tmp_path, {"etc/libvirt/qemu/networks/vfs.xml": network, "etc/libvirt/qemu/bad.xml": "<"})
    assert [owner.text for owner in found] == [
        "a domain or network of libvirt also sets address, VLAN and driver of VFs of enp1s0 (0000:01:00.0): "
        "libvirt network vfs takes enp1s0",
        "a domain or network of libvirt may also set address, VLAN and driver of VFs of enp1s0 (0000:01:00.0), "
        "enp2s0 (0000:02:00.0): /etc/libvirt/qemu/bad.xml could not be read",
    ]
    assert [(owner.proof, owner.forbids) for owner in found] == [(True, False), (False, False)]


def test_the_sentences(tmp_path):
    found = owners_at(
        tmp_path,
        {RULES: RULE, "etc/driverctl.d/pci-0000:01:10.0": "vfio-pci", "etc/rc.local": "echo 1 > $a/sriov_numvfs"},
    )
    assert [owner.text for owner in found] == [
        'a rule of udev also sets the number of VFs of enp1s0 (0000:01:00.0): `KERNEL=="enp1s0", '
        'ATTR{device/sriov_numvfs}="4"` in /etc/udev/rules.d/70-os-net-config-sriov.rules, line 1',
        "driverctl also sets drivers of enp1s0 (0000:01:00.0): /etc/driverctl.d/pci-0000:01:10.0 gives "
        "0000:01:10.0 vfio-pci",
        "a script or unit may also set VFs of enp1s0 (0000:01:00.0), enp2s0 (0000:02:00.0): "
        "`echo 1 > $a/sriov_numvfs` in /etc/rc.local, line 1",
    ]
    assert [owner.forbids for owner in found] == [True, True, False]
    assert found[2].advice == f"{found[2].text}. Remedy: look at what it does to the PF, and remove that."


def test_an_option_of_a_module_is_in_the_initramfs_too(tmp_path):
    (owner,) = owners_at(tmp_path, {MODPROBE: "options ixgbe max_vfs=4"})
    assert "update-initramfs -u" in owner.remedy and "dracut --force" in owner.remedy


def test_of_a_pf_without_an_interface_nobody_knows_the_name(tmp_path):
    (owner,) = owners_at(tmp_path, {RULES: RULE}, [IXGBE._replace(name="", altnames=())])
    assert not owner.proof


@pytest.mark.parametrize(
    "path",
    [
        PROFILE,
        CONF,
        IFCFG,
        NETPLAN,
        LINK,
        NETWORK,
        RULES,
        MODPROBE,
        INTERFACES,
        SYSFS,
        TMPFILES,
        "etc/rc.local",
        NEUTRON,
    ],
)
def test_what_cannot_be_read_may_be_one(tmp_path, path):
    (owner,) = owners_at(tmp_path, {path: Link(os.path.basename(path))})  # a circle: ELOOP
    assert (owner.path, owner.proof, owner.what) == (
        f"/{path}",
        False,
        "could not be read [ELOOP: Too many levels of symbolic links]",
    )


def test_a_file_that_is_too_long_is_not_read(tmp_path):
    (owner,) = owners_at(tmp_path, {RULES: "#" * (LARGEST + 1)})
    assert (owner.proof, owner.what) == (False, "has more than 1 MiB, and was not read")


def test_what_it_costs_on_a_host_that_has_nothing(tmp_path):
    """Folders that are not there are the most of it; files are looked for where there are no patterns."""
    kernel = kernel_at(tmp_path, {"etc": None})
    with Counted() as counted:
        assert second_owners(kernel, [IXGBE, IGB]) == []
    assert len(counted.calls) <= 80


@pytest.mark.parametrize(
    "path", [PROFILE, CONF, IFCFG, NETPLAN, LINK, NETWORK, RULES, MODPROBE, "proc/cmdline", INTERFACES, SYSFS, TMPFILES]
)
@pytest.mark.parametrize("part", ["A", " ", "a ", "{", "A{", '"', "[", "/", "link set ", "a:", "!", "\\\n", "\n", "=="])
def test_no_text_takes_long(tmp_path, path, part):
    """Half a MiB of it, in a line that is looked into."""
    words = "sriov_numvfs [sriov] [SR-IOV] max_vfs sriov-num-vfs SRIOV_ ethernets: "
    begun = time.process_time()
    owners_at(tmp_path, {path: f"{words}{part * (LARGEST // 2 // len(part))}{words}"})
    assert time.process_time() - begun < 5


def test_many_ethernets_do_not_take_long(tmp_path):
    begun = time.process_time()
    stanzas = "".join(f"    e{number}:\n      {COUNT}\n" for number in range(20_000))
    assert owners_at(tmp_path, {NETPLAN: f"network:\n  ethernets:\n{stanzas}"}) == []
    assert time.process_time() - begun < 5


def test_a_pf_that_was_read_goes_by_all_its_names():
    ports = (Netdev("enp1s0", 2, IXGBE.mac, altnames=("lan0",)), Netdev("enp1s0d1", 3, "52:54:00:12:34:57"))
    function = Device(IXGBE.address, driver="ixgbe", netdevs=ports, port="enp1s0d1")
    vf = Device("0000:01:10.0", vf=0)
    pf = Pf(function, 2, 1, True, (vf,), perm_mac=IXGBE.mac, vf_offset=128, vf_stride=2)
    owned = owned_pf(pf)
    assert owned == IXGBE._replace(name="enp1s0d1", altnames=("enp1s0", "lan0"))
    assert owned_pf(replace(pf, vf_offset=0)).vfs == ("0000:01:10.0",)
