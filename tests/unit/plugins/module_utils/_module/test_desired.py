# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of modules to a desired state."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.desired import (
    desired_drivers,
    desired_host,
    desired_pf,
    desired_rss,
    desired_vfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.options import (
    PF,
    RSS,
    VF_OPTIONS,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.rules import RULE_OPTIONS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Consent,
    Desired,
    DesiredPf,
    DesiredRss,
    DesiredVfs,
    Node,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import RULE

CONSENT = {"recreate": False, "force": False, "allow_link_reset": False}


def given(spec, **options):
    """As AnsibleModule gives them: all names are there, defaults filled in."""
    return {**{name: option.get("default") for name, option in spec.items()}, **options}


def test_a_pf_s_options_are_those_of_the_module():
    options = {"pf": "enp1s0", "num_vfs": 2, "allow": ["in_use"], "timeout": 5}
    assert desired_pf(options) == DesiredPf("enp1s0", num_vfs=2, consent=Consent(allow=["in_use"]))


def test_a_vf_s_options_are_its_attributes_and_its_mtu():
    assert desired_vfs(None) == ()
    assert desired_vfs([given(VF_OPTIONS, vf="0-3", mac="auto", spoofchk=False, mtu=9000)]) == (
        DesiredVfs("0-3", VfAttributes(mac="auto", spoofchk=False), 9000),
    )


def test_a_driver_s_options_are_its_name_and_its_node():
    entry = {"vfs": "all", "driver": "vfio-pci", "no_iommu": True, "owner": "0", "group": None, "mode": "0660"}
    assert desired_drivers(None) == ()
    assert desired_drivers([entry]) == (desired_driver("all", "vfio-pci", Node(owner="0", mode=0o660), True),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"mode": 660}, 'mode: 660 is no octal file mode in quotes. Remedy: write it as in "0660".', id="mode"
        ),
    ],
)
def test_a_node_that_nobody_can_have_is_refused(changes, message):
    entry = {"vfs": "0", "driver": "vfio-pci", "no_iommu": False, "owner": None, "group": None, "mode": None, **changes}
    with pytest.raises(InvalidRequest) as refused:
        desired_drivers([entry])
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("options", "desired"),
    [
        pytest.param({}, DesiredRss(), id="nothing"),
        pytest.param({"queues": [1, 3]}, DesiredRss(verb="queues", numbers=(1, 3)), id="queues"),
        pytest.param({"queues": []}, DesiredRss(verb="queues"), id="no queue at all is said too"),
        pytest.param({"weights": [1, 0]}, DesiredRss(verb="weights", numbers=(1, 0)), id="weights"),
        pytest.param({"equal": 4}, DesiredRss(verb="equal", numbers=(4,)), id="equal"),
        pytest.param({"equal": 0}, DesiredRss(verb="equal", numbers=(0,)), id="equal over none is said too"),
        pytest.param({"exclude_queues": [3]}, DesiredRss(verb="exclude_queues", numbers=(3,)), id="exclude_queues"),
        pytest.param({"default": True}, DesiredRss(verb="default"), id="default"),
        pytest.param({"default": False}, DesiredRss(), id="not the default is nothing"),
        pytest.param(
            {"channels": 8, "min_queues": 4}, DesiredRss(channels=8, min_queues=4), id="channels and min_queues"
        ),
    ],
)
def test_a_table_is_a_verb_and_numbers(options, desired):
    assert desired_rss(given(RSS, **options)) == desired


def test_no_word_about_rss_is_nothing_desired():
    assert desired_rss(None) is None


def host(*entries, **consent):
    pfs = [given(PF, **entry) for entry in entries]
    return desired_host({"pfs": pfs, **CONSENT, **consent})


def test_names_are_as_they_were_written():
    assert host({"pf": "Uplink"}) == Desired((DesiredPf("Uplink"),))


def test_a_host_has_all_that_the_modules_have():
    node = {"no_iommu": False, "owner": None, "group": str(os.getgid()), "mode": None}
    rule = {**dict.fromkeys(RULE_OPTIONS), "flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80, "vf": 0}
    desired = host(
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
    assert (desired.num_vfs, desired.min_rss_queues, desired.drivers_autoprobe, desired.up) == (2, 2, False, True)
    assert desired.vfs == (DesiredVfs("0", VfAttributes(trust=True)),)
    assert desired.drivers == (desired_driver("1", "vfio-pci", Node(group=str(os.getgid()))),)
    assert desired.rss == DesiredRss(verb="equal", numbers=(2,))
    assert (desired.rules.rules, desired.rules.exclusive) == ((RULE.at(None),), True)


@pytest.mark.parametrize(
    ("entry", "follows"),
    [
        pytest.param({}, dict(), id="nothing"),
        pytest.param({"num_vfs": 2}, dict(num_vfs=2, up=True), id="VFs need the PF up"),
        pytest.param({"num_vfs": 2, "up": False}, dict(num_vfs=2, up=False), id="unless told otherwise"),
        pytest.param({"num_vfs": 0}, dict(num_vfs=0), id="no VFs do not"),
        pytest.param(
            {
                "drivers": [
                    {"vfs": "0", "driver": "none", "no_iommu": False, "owner": None, "group": None, "mode": None}
                ]
            },
            dict(drivers_autoprobe=False),
            id="where drivers are said, no others come",
        ),
        pytest.param(
            {
                "drivers": [
                    {"vfs": "0", "driver": "none", "no_iommu": False, "owner": None, "group": None, "mode": None}
                ],
                "drivers_autoprobe": True,
            },
            dict(drivers_autoprobe=True),
            id="unless they shall",
        ),
        pytest.param({"drivers": []}, dict(), id="no drivers are none said"),
    ],
)
def test_what_a_host_s_entry_does_not_say_follows_from_the_rest(entry, follows):
    (made,) = host({"pf": "enp1s0", **entry}).pfs
    said = {name: getattr(made, name) for name in ("num_vfs", "drivers_autoprobe", "up")}
    assert {name: value for name, value in said.items() if value is not None} == follows


@pytest.mark.parametrize("name", CONSENT)
def test_consent_holds_for_one_pf_or_for_all(name):
    both = [{"pf": "enp1s0"}, {"pf": "enp2s0", name: True}]
    assert [getattr(desired.consent, name) for desired in host(*both).pfs] == [False, True]
    assert [getattr(desired.consent, name) for desired in host(*both, **{name: True}).pfs] == [True, True]
