# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of modules to wishes."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.options import (
    PF,
    RSS,
    VF_OPTIONS,
    driver_wishes,
    host_wish,
    pf_spec,
    rss_wish,
    vf_wishes,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.options_rules import RULE_OPTIONS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import DeviceNotFound, InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    DriverWish,
    HostWish,
    PfWish,
    RssWish,
    VfWish,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import NodeSpec, PfSpec
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import RULE

CONSENT = {"recreate": False, "force": False, "allow_link_reset": False}


def given(spec, **options):
    """As AnsibleModule gives them: all names are there, defaults filled in."""
    return {**{name: option.get("default") for name, option in spec.items()}, **options}


@pytest.fixture
def kernel(tmp_path):
    second = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:02:00")
    return simulate(tmp_path, {**hosts.host(), **hosts.pf(second, group=2, ifindex=4)})


def test_a_pf_s_options_are_those_of_the_module():
    assert pf_spec({"pf": "enp1s0", "num_vfs": 2, "force": True, "timeout": 5}) == PfSpec(num_vfs=2, force=True)


def test_a_vf_s_options_are_its_attributes_and_its_mtu():
    assert vf_wishes(None) == ()
    assert vf_wishes([given(VF_OPTIONS, vf="0-3", mac="auto", spoofchk=False, mtu=9000)]) == (
        VfWish("0-3", VfAttributes(mac="auto", spoofchk=False), 9000),
    )


def test_a_driver_s_options_are_its_name_and_its_node():
    entry = {"vfs": "all", "driver": "vfio-pci", "no_iommu": True, "owner": "0", "group": None, "mode": "0660"}
    assert driver_wishes(None) == ()
    assert driver_wishes([entry]) == (DriverWish("all", "vfio-pci", NodeSpec(owner=0, mode=0o660), True),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"owner": "nobody-of-that-name"},
            "owner: there is no user 'nobody-of-that-name' on this host. Remedy: create it first.",
            id="owner",
        ),
        pytest.param(
            {"mode": 660}, 'mode: 660 is no octal file mode in quotes. Remedy: write it as in "0660".', id="mode"
        ),
    ],
)
def test_a_node_that_nobody_can_have_is_refused(changes, message):
    entry = {"vfs": "0", "driver": "vfio-pci", "no_iommu": False, "owner": None, "group": None, "mode": None, **changes}
    with pytest.raises(InvalidRequest) as refused:
        driver_wishes([entry])
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("options", "wish"),
    [
        pytest.param({}, RssWish(), id="nothing"),
        pytest.param({"queues": [1, 3]}, RssWish(verb="queues", numbers=(1, 3)), id="queues"),
        pytest.param({"queues": []}, RssWish(verb="queues"), id="no queue at all is said too"),
        pytest.param({"weights": [1, 0]}, RssWish(verb="weights", numbers=(1, 0)), id="weights"),
        pytest.param({"equal": 4}, RssWish(verb="equal", numbers=(4,)), id="equal"),
        pytest.param({"equal": 0}, RssWish(verb="equal", numbers=(0,)), id="equal over none is said too"),
        pytest.param({"exclude_queues": [3]}, RssWish(verb="exclude_queues", numbers=(3,)), id="exclude_queues"),
        pytest.param({"default": True}, RssWish(verb="default"), id="default"),
        pytest.param({"default": False}, RssWish(), id="not the default is nothing"),
        pytest.param({"channels": 8, "min_queues": 4}, RssWish(channels=8, min_queues=4), id="channels and min_queues"),
    ],
)
def test_a_table_is_a_verb_and_numbers(options, wish):
    assert rss_wish(given(RSS, **options)) == wish


def test_no_word_about_rss_is_no_wish():
    assert rss_wish(None) is None


def host(kernel, *entries, **consent):
    pfs = [given(PF, **entry) for entry in entries]
    return host_wish({"pfs": pfs, **CONSENT, **consent}, kernel)


@pytest.mark.parametrize("name", ["enp1s0", hosts.IGB.address, hosts.IGB.mac])
def test_a_pf_is_found_by_all_its_names(kernel, name):
    assert host(kernel, {"pf": name}) == HostWish((PfWish(hosts.IGB.address, PfSpec()),))


def test_a_host_has_all_that_the_modules_have(kernel):
    node = {"no_iommu": False, "owner": None, "group": str(os.getgid()), "mode": None}
    rule = {**dict.fromkeys(RULE_OPTIONS), "flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80, "vf": 0}
    wish = host(
        kernel,
        {
            "pf": "enp1s0",
            "num_vfs": 2,
            "min_rss_queues": 2,
            "vfs": [given(VF_OPTIONS, vf="0", trust=True)],
            "drivers": [{"vfs": "1", "driver": "vfio-pci", **node}],
            "rss": given(RSS, equal=2),
            "rules": [rule],
            "exclusive_rules": True,
        },
    ).pfs[0]
    assert wish.pf == PfSpec(num_vfs=2, min_rss_queues=2, drivers_autoprobe=False, up=True)
    assert wish.vfs == (VfWish("0", VfAttributes(trust=True)),)
    assert wish.drivers == (DriverWish("1", "vfio-pci", NodeSpec(group=os.getgid())),)
    assert wish.rss == RssWish(verb="equal", numbers=(2,))
    assert (wish.rules.rules, wish.rules.exclusive) == ((RULE.at(None),), True)


@pytest.mark.parametrize(
    ("entry", "spec"),
    [
        pytest.param({}, PfSpec(), id="nothing"),
        pytest.param({"num_vfs": 2}, PfSpec(num_vfs=2, up=True), id="VFs need the PF up"),
        pytest.param({"num_vfs": 2, "up": False}, PfSpec(num_vfs=2, up=False), id="unless told otherwise"),
        pytest.param({"num_vfs": 0}, PfSpec(num_vfs=0), id="no VFs do not"),
        pytest.param(
            {
                "drivers": [
                    {"vfs": "0", "driver": "none", "no_iommu": False, "owner": None, "group": None, "mode": None}
                ]
            },
            PfSpec(drivers_autoprobe=False),
            id="where drivers are said, no others come",
        ),
        pytest.param(
            {
                "drivers": [
                    {"vfs": "0", "driver": "none", "no_iommu": False, "owner": None, "group": None, "mode": None}
                ],
                "drivers_autoprobe": True,
            },
            PfSpec(drivers_autoprobe=True),
            id="unless they shall",
        ),
        pytest.param({"drivers": []}, PfSpec(), id="no drivers are none said"),
    ],
)
def test_what_a_host_s_entry_does_not_say_follows_from_the_rest(kernel, entry, spec):
    assert host(kernel, {"pf": "enp1s0", **entry}).pfs[0].pf == spec


@pytest.mark.parametrize("name", CONSENT)
def test_consent_holds_for_one_pf_or_for_all(kernel, name):
    both = [{"pf": "enp1s0"}, {"pf": "enp2s0", name: True}]
    assert [getattr(wish.pf, name) for wish in host(kernel, *both).pfs] == [False, True]
    assert [getattr(wish.pf, name) for wish in host(kernel, *both, **{name: True}).pfs] == [True, True]


def test_a_pf_that_is_named_twice_is_refused(kernel):
    with pytest.raises(InvalidRequest) as refused:
        host(kernel, {"pf": "enp1s0"}, {"pf": hosts.IGB.address})
    assert str(refused.value) == (
        "pfs: '0000:01:00.0' is named twice on enp1s0 (0000:01:00.0). Remedy: merge its entries."
    )


def test_a_pf_that_is_not_there_is_refused(kernel):
    with pytest.raises(DeviceNotFound):
        host(kernel, {"pf": "enp1s0"}, {"pf": "enp9s0"})
