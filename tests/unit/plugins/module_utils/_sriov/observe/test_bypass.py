# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts behind the table of bypass techniques, each from its file."""

from __future__ import annotations

import errno
import gzip
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.facts import kernel_driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.techniques import MODULES, OPTIONS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import VfFacts
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Device, Host, Netdev, Pf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Feature, Queues
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.bypass import BypassObserver
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build

RELEASE = "6.12.118+deb13-amd64"
PF, VF, OTHER = "0000:01:00.0", "0000:01:10.0", "0000:01:00.1"
DEVICES, GROUPS, MODULE = "sys/bus/pci/devices", "sys/kernel/iommu_groups", "sys/module"
CONFIG, BUILT_IN = f"boot/config-{RELEASE}", f"lib/modules/{RELEASE}/modules.builtin"
PF_RING = "Name:              enp1s0\nIndex:             3\nPolling Mode:      NAPI/ZC\nType:              Ethernet"
# As Debian's has them, with the sections that neither y nor m is in.
CONFIG_TEXT = """\
# Networking options
CONFIG_PACKET=y
CONFIG_PACKET_DIAG=m
# CONFIG_XDP_SOCKETS is not set
CONFIG_BPF_SYSCALL=m
CONFIG_DEFAULT_HOSTNAME="(none)"
"""
PROTOCOLS = """\
protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em
PACKET    1536      1      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
XDP       1024      0      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
"""
XDP_FEATURES = {3: frozenset({"basic", "redirect"}), 4: None, 5: frozenset({"basic"})}
NETDEV = Netdev("enp1s0", 3, "02:00:00:00:01:00", mtu=9000, num_tc=4, xdp=True)


def device(**changes):
    state = {"address": PF, "vendor": "8086", "device": "10fb", "driver": "ixgbe", "default_driver": "ixgbe"}
    return Device(**{**state, "netdevs": (NETDEV,), **changes})


def physical_function(num_vfs=0, **changes):
    vfs = tuple(Device(VF, physfn=PF) for _index in range(num_vfs))
    return Pf(device(**changes), total_vfs=63, num_vfs=num_vfs, drivers_autoprobe=True, vfs=vfs, online_cpus=20)


@pytest.fixture
def observed(tmp_path):
    """The facts of a PF on a tree.

    :param files: the tree.
    :param installed: what modprobe can resolve.
    """

    def look(files=None, pf=None, host=None, installed=("vfio-pci",), lro=None):
        def run(argv):
            assert argv[:3] == ["modprobe", "--resolve-alias", "--"]
            found = argv[3] in installed
            return (0, argv[3].replace("-", "_") + "\n", "") if found else (1, "", "modprobe: FATAL: not found\n")

        kernel = Kernel(run, Sysfs(build(tmp_path, files or {})))
        kernel.system.release = RELEASE
        observer = BypassObserver(kernel, host or Host(), MODULES, OPTIONS, XDP_FEATURES.__getitem__)
        return observer.facts(pf or physical_function(), lro)

    return look


def test_the_pf_is_as_it_was_read(observed):
    pf = physical_function(num_vfs=1, iommu_group=7)
    facts = observed(pf=pf, lro=True)
    assert (facts.pf, facts.interface, facts.driver, facts.lro) == (pf, "enp1s0", "ixgbe", True)
    assert (facts.xdp_attached, facts.xdp_generic, facts.xdp_features) == (True, False, {"basic", "redirect"})


@pytest.mark.parametrize(
    ("ntuple", "supported", "on"),
    [(None, None, None), (Feature(False, True), True, False), (Feature(True, False), True, True)],
)
def test_flow_rules_are_there_when_they_are_on_or_can_be(observed, ntuple, supported, on):
    facts = observed(pf=replace(physical_function(), queues=Queues(ntuple=ntuple)))
    assert (facts.ntuple_supported, facts.ntuple_on) == (supported, on)


def test_a_pf_without_interface_has_no_xdp_features(observed):
    facts = observed(pf=physical_function(driver="vfio-pci", netdevs=()))
    assert (facts.interface, facts.driver, facts.xdp_features, facts.xdp_attached) == (None, "vfio-pci", None, False)
    assert kernel_driver(facts) == "ixgbe"


# Of a VF.


def with_vfs(*vfs):
    return replace(physical_function(), num_vfs=len(vfs), vfs=vfs, vf_default_driver="ixgbevf")


def virtual_function(index, *netdevs, group=None):
    driver = "ixgbevf" if netdevs else None
    return Device(f"0000:01:10.{2 * index}", driver=driver, physfn=PF, vf=index, netdevs=netdevs, iommu_group=group)


VF_NETDEV = Netdev("enp1s0v1", 5, "02:00:00:00:01:01")
OF_VFS = {
    f"{GROUPS}/7/type": "DMA-FQ\n",
    "proc/net/pf_ring/dev/enp1s0v1/info": PF_RING,
    f"{MODULE}/netmap/holders/ixgbevf": DIRECTORY,
}


@pytest.mark.parametrize(
    ("pf", "files", "facts"),
    [
        pytest.param(physical_function(), {}, VfFacts(), id="no VFs"),
        pytest.param(
            with_vfs(virtual_function(0, group=7), virtual_function(1, VF_NETDEV)),
            OF_VFS,
            VfFacts("enp1s0v1", "ixgbevf", frozenset({"basic"}), "NAPI/ZC", True, "DMA-FQ"),
            id="the first that has an interface is asked, of the first its group",
        ),
        pytest.param(
            with_vfs(virtual_function(0)), OF_VFS, VfFacts(netmap_native=True), id="a VF that the kernel does not have"
        ),
    ],
)
def test_a_vf_is_as_it_was_read(observed, pf, files, facts):
    assert observed(files, pf=pf).vf == facts


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_xdp_features_that_may_not_be_asked_for_are_not_known_and_told(tmp_path, number):
    def refuse(_ifindex):
        raise KernelRefused("generic netlink cannot be used", errno=number)

    kernel = Kernel(lambda _argv: (127, "", ""), Sysfs(str(tmp_path)))
    observer = BypassObserver(kernel, Host(), (), (), refuse)
    assert observer.facts(physical_function(), None).xdp_features is None
    (sentence,) = observer.not_seen
    assert sentence.startswith("the XDP features of enp1s0: generic netlink cannot be used [E")


def test_another_refusal_about_xdp_costs_the_answer_alone(tmp_path):
    def refuse(_ifindex):
        raise KernelRefused("generic netlink refused a question", errno=errno.ENODEV)

    kernel = Kernel(lambda _argv: (127, "", ""), Sysfs(str(tmp_path)))
    observer = BypassObserver(kernel, Host(), (), (), refuse)
    assert observer.facts(physical_function(), None).xdp_features is None
    assert observer.not_seen == [
        "the XDP features of enp1s0: generic netlink refused a question [ENODEV: No such device]."
    ]


def test_only_holders_of_the_operator_are_management(observed):
    holders = (Holder("ssh", "carries the SSH connection from 192.0.2.1"), Holder("address", "enp1s0 has an address"))
    facts = observed(pf=physical_function(holders=(*holders, Holder("route", "carries a default route"))))
    assert facts.management == ["carries the SSH connection from 192.0.2.1", "carries a default route"]


@pytest.mark.parametrize(
    ("files", "source", "config"),
    [
        pytest.param({CONFIG: CONFIG_TEXT}, f"/{CONFIG}", "boot", id="Debian's place"),
        pytest.param(
            {f"lib/modules/{RELEASE}/config": CONFIG_TEXT}, f"/lib/modules/{RELEASE}/config", "boot", id="Fedora's"
        ),
        pytest.param(
            {"proc/config.gz": gzip.compress(CONFIG_TEXT.encode())}, "/proc/config.gz", "boot", id="the kernel's own"
        ),
        pytest.param({"boot/config-6.1.0": CONFIG_TEXT}, None, None, id="that of another kernel"),
        pytest.param({"proc/config.gz": b"\x1f\x8b broken"}, None, None, id="a broken one"),
        pytest.param(
            {CONFIG: b"", "proc/config.gz": gzip.compress(b"CONFIG_PACKET=m\n")},
            "/proc/config.gz",
            "m",
            id="an empty one",
        ),
    ],
)
def test_the_configuration_is_found(observed, files, source, config):
    kernel = observed(files).kernel
    expected = {"boot": {"CONFIG_PACKET": "y", "CONFIG_BPF_SYSCALL": "m"}, "m": {"CONFIG_PACKET": "m"}, None: {}}
    assert (kernel.config_file, kernel.config) == (source, expected[config])


@pytest.mark.parametrize(
    ("files", "installed", "states"),
    [
        pytest.param({}, (), {}, id="nothing"),
        pytest.param({}, ("vfio-pci", "netmap"), {"vfio_pci": "installed", "netmap": "installed"}, id="to be loaded"),
        pytest.param({f"{MODULE}/vfio_pci": DIRECTORY}, (), {"vfio_pci": "loaded"}, id="loaded, its file gone since"),
        pytest.param({f"{MODULE}/vfio_pci": DIRECTORY}, ("vfio-pci",), {"vfio_pci": "loaded"}, id="loaded"),
        pytest.param(
            {BUILT_IN: "kernel/net/packet/af_packet.ko\nkernel/drivers/vfio/pci/vfio-pci.ko"},
            ("af_packet",),
            {"af_packet": "built in", "vfio_pci": "built in"},
            id="built in, though modprobe resolves it",
        ),
        pytest.param(
            {BUILT_IN: "kernel/net/af_packet.ko", f"{MODULE}/af_packet": DIRECTORY},
            (),
            {"af_packet": "built in"},
            id="built in with parameters",
        ),
        pytest.param({f"{MODULE}/nvme": DIRECTORY}, (), {}, id="one that nobody asked about"),
    ],
)
def test_a_module_is_loaded_built_in_or_installed(observed, files, installed, states):
    assert observed(files, installed=installed).kernel.modules == states


def test_socket_families_are_read_without_the_heading(observed):
    assert observed().kernel.protocols == frozenset()
    assert observed({"proc/net/protocols": PROTOCOLS}).kernel.protocols == {"PACKET", "XDP"}


def test_the_release_has_a_version(observed):
    kernel = observed().kernel
    assert (kernel.release, kernel.version) == (RELEASE, (6, 12))


@pytest.mark.parametrize(
    ("files", "field", "value"),
    [
        pytest.param({f"{GROUPS}/7/type": "DMA-FQ"}, "iommu_type", "DMA-FQ", id="an IOMMU that translates"),
        pytest.param({}, "iommu_type", None, id="a kernel that does not tell the type"),
        pytest.param({f"{MODULE}/ixgbe/taint": "OE"}, "driver_out_of_tree", True, id="a driver from outside"),
        pytest.param({f"{MODULE}/ixgbe/taint": ""}, "driver_out_of_tree", False, id="the kernel's own driver"),
        pytest.param({f"{MODULE}/netmap/holders/ixgbe": DIRECTORY}, "netmap_native", True, id="netmap's driver"),
        pytest.param(
            {f"{MODULE}/netmap/holders/igb": DIRECTORY}, "netmap_native", False, id="another driver is netmap's"
        ),
        pytest.param(
            # pf_ring.c ring_proc_dev_get_info
            {"proc/net/pf_ring/dev/enp1s0/info": PF_RING},
            "pf_ring",
            "NAPI/ZC",
            id="a ZC driver",
        ),
        pytest.param(
            {"proc/net/pf_ring/dev/eth0/info": "Polling Mode: NAPI/ZC"}, "pf_ring", None, id="of another interface"
        ),
    ],
)
def test_a_fact_is_read_from_its_file(observed, files, field, value):
    assert getattr(observed(files, pf=physical_function(iommu_group=7)), field) == value


def test_modprobe_that_is_missing_leaves_what_is_loaded(tmp_path):
    kernel = Kernel(lambda _argv: (127, "", ""), Sysfs(build(tmp_path, {f"{MODULE}/pf_ring": DIRECTORY})))
    observer = BypassObserver(kernel, Host(), MODULES, OPTIONS, XDP_FEATURES.__getitem__)
    assert observer.facts(physical_function(), None).kernel.modules == {"pf_ring": "loaded"}
