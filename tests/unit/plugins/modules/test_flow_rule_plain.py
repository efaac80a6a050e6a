# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queues and rules of NICs without SR-IOV, on a simulated kernel; what needs VFs is refused for them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    rss,
    rx_rate,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

ENA, E1000E, VIRTIO = "0000:00:05.0", "0000:00:1f.6", "0000:00:03.0"
LABEL = f"ens5 ({ENA})"
RULE = {"flow_type": "udp4", "dst_ip": "192.0.2.30", "dst_port": 4242, "queue": 3}
WORDS = "udp4 dst-ip 192.0.2.30 dst-port 4242 to queue 3"


@pytest.fixture
def kernel(tmp_path):
    """An ENA, an e1000e and a virtio NIC, beside a PF with a VF."""
    files = {
        **hosts.host(),
        **hosts.function(ENA, "1d0f", "ec20", "ena"),
        **hosts.behind(ENA, "ens5"),
        **hosts.interface("ens5", 5, "02:00:00:00:05:00", up=True, altnames=["primary"]),
        **hosts.function(E1000E, "8086", "15bb", "e1000e"),
        **hosts.behind(E1000E, "eno1"),
        **hosts.interface("eno1", 6, "02:00:00:00:06:00", up=True),
        **hosts.virtio(VIRTIO, "ens3", 7, "52:54:00:00:00:01"),
    }
    kernel = simulate(tmp_path, files)
    kernel.sysfs.write(f"/{hosts.DEVICES}/{hosts.IGB.address}/sriov_numvfs", "1")
    return kernel


@pytest.mark.parametrize("name", ["ens5", "primary", "02:00:00:00:05:00", ENA, "00:05.0", "1d0f:ec20"])
def test_rules_and_queues_of_a_nic_without_sriov(kernel, name):
    assert run_module(flow_rule, kernel, pf=name, rules=[RULE])["steps"] == [f"add flow rule of {LABEL}: {WORDS}"]
    first = run_module(rss, kernel, pf=name, channels=4, min_queues=4)
    assert first["steps"][1:] == [f"set the combined channels of {LABEL} from 8 to 4"]
    assert run_module(rx_rate, kernel, pf=name, seconds=0.01)["interface"] == "ens5"
    gone = run_module(flow_rule, kernel, pf=name, state="absent", rules=[RULE])
    assert gone["steps"] == [f"delete flow rule 0 of {LABEL}: {WORDS}"]


def test_module_host_takes_it_for_queues_and_rules(kernel):
    wanted = {"pf": "ens5", "rss": {"exclude_queues": [3]}, "rules": [RULE], "exclusive_rules": True}
    both = [wanted, {"pf": "enp1s0", "num_vfs": 1}]
    result = run_module(host, kernel, pfs=both)
    assert len(result["steps"]) == 2
    assert not run_module(host, kernel, pfs=both)["changed"]
    found = result["pfs"][0]
    words = ("pci_address", "driver", "num_vfs", "total_vfs", "drivers_autoprobe", "vfs")
    assert [found[word] for word in words] == [ENA, "ena", 0, 0, None, []]
    run_module(host, kernel, pfs=[{**wanted, "min_rss_queues": 4, "up": True}])
    kernel.run.calls.clear()
    assert not run_module(host, kernel, pfs=[wanted])["changed"]
    assert not [call for call in kernel.run.calls if not call.startswith("ip ")]  # a look starts nothing else


NO_PF = (
    f"pf: 'ens5' is a NIC without SR-IOV (driver ena, {ENA}), not a PF: the host's SR-IOV devices are enp1s0 "
    "(0000:01:00.0). Remedy: name a PF by interface name, altname, MAC or PCI address; if this NIC has SR-IOV, turn it "
    "on in the firmware setup of host and NIC."
)


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (pf, {"num_vfs": 1}),
        (pf, {"num_vfs": 0}),
        (pf, {"up": True}),
        (pf, {"drivers_autoprobe": False}),
        (pf, {"min_rss_queues": 2}),
        (vf, {"vfs": [{"vf": 0, "trust": True}]}),
        (pci_driver, {"vf": 0, "driver": "vfio-pci"}),
        (flow_rule, {"rules": [{**RULE, "vf": 0}]}),
        (flow_rule, {"rules": [RULE, {"flow_type": "tcp4", "dst_port": 80, "action": 4294967296}]}),
        *(
            (host, {"pfs": [{"pf": "ens5", **entry}]})
            for entry in (
                {"num_vfs": 0},
                {"up": True},
                {"rules": [RULE], "num_vfs": 2},
                {"rules": [RULE], "vfs": [{"vf": 0, "driver": "vfio-pci"}]},
                {"rss": {"channels": 2}, "drivers_autoprobe": True},
            )
        ),
    ],
    ids=lambda each: str(each) if isinstance(each, dict) else each.__name__.rpartition(".")[2],
)
def test_what_needs_vfs_is_refused(kernel, module, options):
    name = {} if module is host else {"pf": "ens5"}
    before = written(kernel)
    assert run_module(module, kernel, **name, **options)["msg"] == NO_PF
    assert written(kernel) == before


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("enp1s0v0", "is a VF, not a PF: 0000:01:10.0 is VF 0 of enp1s0 (0000:01:00.0). Remedy: name its PF: pf: "),
        ("lo", f"is the loopback interface, not a NIC on PCI: the host's NICs are ens3 ({VIRTIO}), {LABEL}, eno1 "),
        ("eth9", f"nothing on this host is called 'eth9': its NICs are ens3 ({VIRTIO}), {LABEL}, eno1 ({E1000E}), "),
    ],
)
@pytest.mark.parametrize(("module", "options"), [(flow_rule, {"rules": [RULE]}), (rss, {"channels": 2}), (info, {})])
def test_what_is_no_nic_of_the_host_stays_refused(kernel, module, options, name, rest):
    result = run_module(module, kernel, pf=name, **options)
    assert result["msg"].startswith(f"pf: {rest}" if name == "eth9" else f"pf: '{name}' {rest}")


def test_what_its_driver_does_not_take_is_told_as_that(kernel):
    assert run_module(flow_rule, kernel, pf="eno1", rules=[RULE])["msg"] == (
        f"rules: this NIC takes no flow rules on eno1 ({E1000E}): driver e1000e keeps ntuple filters off for it "
        "(ethtool -k: [fixed]). Remedy: leave out rules, or use another NIC."
    )
    for name in ("ens3", VIRTIO):
        assert run_module(rss, kernel, pf=name, channels=2)["msg"] == (
            f"channels: cannot set 2 combined channels on ens3 ({VIRTIO}): driver virtio-pci has no combined channels. "
            "Remedy: leave out channels."
        )


def test_info_shows_it_where_it_is_named(kernel):
    assert [each["name"] for each in run_module(info, kernel)["pfs"]] == ["enp1s0"]
    for name in ("ens5", ENA, "1d0f:ec20"):
        (seen,) = run_module(info, kernel, pf=name)["pfs"]
        assert (seen["name"], seen["total_vfs"], seen["drivers_autoprobe"]) == ("ens5", 0, None)
        of_vfs = [each for each in seen["bypass"] if "the device offers no VFs" in each["why"]]
        assert of_vfs
        assert not any(each["available"] for each in of_vfs)
    (seen,) = run_module(info, kernel, pf="ens3")["pfs"]
    assert (seen["name"], seen["mac"], seen["pci_address"]) == ("ens3", "52:54:00:00:00:01", VIRTIO)
