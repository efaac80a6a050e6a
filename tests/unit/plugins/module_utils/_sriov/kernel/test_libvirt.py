# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's files want of PCI functions."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.libvirt import Libvirt
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Claim
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

DOMAIN, NETWORK = "etc/libvirt/qemu/{}.xml", "etc/libvirt/qemu/networks/{}.xml"
ADDRESS = "<address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='0x2'/>"
WEB = "libvirt domain web1"


def domain(device):
    return f"<!-- made by virsh -->\n<domain type='kvm'><name>web1</name><devices>{device}</devices></domain>"


def network(forward):
    return f"<network><name>fast</name>{forward}</network>"


@pytest.mark.parametrize(
    ("file", "text", "claims"),
    [
        pytest.param(
            DOMAIN,
            domain(f"<interface type='hostdev' managed='yes'><source>{ADDRESS}</source>{ADDRESS}</interface>"),
            [Claim(WEB, function="0000:01:10.2")],
            id="an interface",
        ),
        pytest.param(
            DOMAIN,
            domain("<hostdev><source><address domain='0' bus='65' slot='31' function='7'/></source></hostdev>"),
            [Claim(WEB, function="0000:41:1f.7")],
            id="a device, in decimal",
        ),
        pytest.param(
            DOMAIN,
            domain("<interface type='direct'><source dev='enp1s0v0' mode='passthrough'/></interface>"),
            [Claim(WEB, interface="enp1s0v0")],
            id="macvtap on an interface",
        ),
        pytest.param(DOMAIN, domain("<interface type='bridge'><source bridge='br0'/></interface>"), [], id="a bridge"),
        pytest.param(
            DOMAIN,
            domain("<hostdev type='usb'><source><address bus='1' device='2' type='usb'/></source></hostdev>"),
            [],
            id="no PCI device",
        ),
        pytest.param(
            DOMAIN,
            domain("<hostdev><source><address bus='one'/></source></hostdev>"),
            [],
            id="no number",
        ),
        pytest.param(DOMAIN, "<domain><name>", [Claim("/etc/libvirt/qemu/a.xml")], id="no XML"),
        pytest.param(
            NETWORK,
            network("<forward mode='hostdev' managed='yes'><pf dev='enp1s0'/></forward>"),
            [Claim("libvirt network fast", pf="enp1s0")],
            id="a pool of a PF's VFs",
        ),
        pytest.param(
            NETWORK,
            network(f"<forward mode='hostdev'>{ADDRESS}</forward>"),
            [Claim("libvirt network fast", function="0000:01:10.2")],
            id="a pool of VFs",
        ),
        pytest.param(
            NETWORK,
            network("<forward dev='enp1s0v0' mode='passthrough'><interface dev='enp1s0v1'/></forward>"),
            [Claim("libvirt network fast", interface=f"enp1s0v{number}") for number in (0, 1)],
            id="a pool of interfaces",
        ),
        pytest.param(NETWORK, network("<bridge name='virbr0'/>"), [], id="a network of its own"),
    ],
)  # fmt: skip
def test_domains_and_networks_tell_what_they_will_want(tmp_path, file, text, claims):
    assert Libvirt(sysfs(tmp_path, {file.format("a"): text, "etc/libvirt/qemu/notes.txt": "<"})).claims() == claims


def test_a_host_without_libvirt_has_no_claims(tmp_path):
    assert Libvirt(sysfs(tmp_path)).claims() == []
