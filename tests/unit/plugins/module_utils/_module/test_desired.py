# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of modules to a desired state."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredPf,
    DesiredRss,
    DesiredRules,
    DesiredVfs,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import EVERY_VF, Selector
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import RULE
from hypothesis import given
from hypothesis import strategies as st

VF_0, VFS_0_TO_3 = Selector(((0, 0),)), Selector(((0, 3),))
WEB = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80}
ADDRESS = "0000:01:10.0"


def made(make, **options):
    """What a module's options mean; nothing of them may be wrong."""
    faults = Faults()
    found = make(options, faults)
    assert [str(each) for each in faults.found] == []
    return found


def faults_of(make, **options):
    faults = Faults()
    make(options, faults)
    return [str(each) for each in faults.found]


def host(*entries, **options):
    return made(desired.host, pfs=list(entries), **options)


def one(**entry):
    (pf,) = host({"pf": "enp1s0", **entry}).pfs
    return pf


def desired_rss(options):
    """What options of RSS mean of which nothing is wrong."""
    faults = Faults()
    found = desired.desired_rss(options, "", faults)
    assert faults.found == []
    return found


def records(*entries):
    return one(vfs=list(entries)).vfs


def test_a_pf_s_options_are_those_of_the_module():
    assert made(desired.pf, pf="enp1s0", num_vfs=2, allow=["in_use"], timeout=5) == Desired(
        (DesiredPf("enp1s0", num_vfs=2, allow=frozenset({"in_use"})),)
    )


@pytest.mark.parametrize("make", [desired.pf, desired.vf, desired.rss, desired.flow_rule])
def test_what_is_left_out_or_null_is_left_as_it_is(make):
    empty = DesiredPf("enp1s0", rss=None, rules=None)
    for options in ({}, {"num_vfs": None, "vfs": None, "channels": None, "rules": None, "allow": None}):
        (found,) = made(make, pf="enp1s0", **options).pfs
        assert found._replace(rss=None, rules=None) == empty
        assert found.rss in (None, DesiredRss()) and found.rules in (None, DesiredRules())


def test_a_vf_s_options_are_its_record():
    assert made(desired.vf, pf="enp1s0", vfs=[{"vf": "0-3", "mac": "auto", "spoofchk": False, "mtu": 9000}]) == Desired(
        (DesiredPf("enp1s0", vfs=(DesiredVfs(VFS_0_TO_3, {"mac": "auto", "spoofchk": False, "mtu": 9000}, "vfs[0]"),)),)
    )


def test_a_record_of_host_has_the_driver_and_its_node_too():
    entry = {"vf": "all", "trust": True, "driver": "vfio-pci", "no_iommu": True, "owner": "0", "mode": "0660"}
    said = {"trust": True, "driver": "vfio-pci", "no_iommu": True, "owner": "0", "mode": 0o660}
    assert records(entry) == (DesiredVfs(EVERY_VF, said, "pfs[0].vfs[0]"),)


@pytest.mark.parametrize(
    ("written", "vfs"),
    [
        (3, ((3, 3),)),
        ("3", ((3, 3),)),
        ("0-3,7", ((0, 3), (7, 7))),
        ("7, 0 - 3", ((0, 3), (7, 7))),
        ([0, 1], ((0, 1),)),
        ([7, "0-2", "3"], ((0, 3), (7, 7))),
        ("all", None),
        (["all"], None),
    ],
)
def test_vfs_are_named_in_any_notation(written, vfs):
    assert records({"vf": written})[0].vf == Selector(vfs)
    (device,) = made(desired.pci_driver, pf="enp1s0", vf=written, driver="none").devices
    assert device.vf == Selector(vfs)


def test_null_is_said_and_what_is_left_out_is_not():
    (found,) = records({"vf": 0, "mac": None, "driver": None, "mode": None, "mtu": None})
    assert found.said == {"mac": None, "driver": None, "mode": None, "mtu": None}


@pytest.mark.parametrize("mac", ["02:00:00:00:AA:01", "02-00-00-00-aa-01", "0200.0000.aa01", "02000000aa01"])
def test_an_address_is_taken_in_any_usual_notation(mac):
    assert records({"vf": 0, "mac": mac})[0].said == {"mac": "02:00:00:00:aa:01"}


@pytest.mark.parametrize(("mode", "number"), [("0660", 0o660), ("660", 0o660), ("0000", 0), (None, None)])
def test_a_mode_is_octal(mode, number):
    assert records({"vf": 0, "driver": "vfio-pci", "mode": mode})[0].said["mode"] == number


@pytest.mark.parametrize("mode", [660, 0o660, "0o660", "0680", "66", "06600", "rw-rw----", True, ["0660"]])
def test_a_mode_that_is_none_is_refused(mode):
    told = [f'mode: {mode!r} is no octal file mode in quotes. Remedy: write it as in "0660".']
    assert faults_of(desired.pci_driver, devices=[ADDRESS], driver="vfio-pci", mode=mode) == told
    entry = {"vf": 0, "driver": "vfio-pci", "mode": mode}
    assert faults_of(desired.host, pfs=[{"pf": "a", "vfs": [entry]}]) == [f"pfs[0].vfs[0].{told[0]}"]


@pytest.mark.parametrize(
    "driver", ["-c", "-V", "--help", "../igb", "igb/igbvf", "igb vf", "igbvf\n", ".", "..", "igb*", "ïgb", "igb\x00"]
)
def test_a_driver_that_is_no_name_is_refused(driver):
    told = (
        f"driver: {driver!r} names no driver: a name has letters, digits, _ . + and -, and begins with none of the "
        "last three. Remedy: give a name, default or none."
    )
    assert faults_of(desired.pci_driver, devices=[ADDRESS], driver=driver) == [told]
    entry = {"vf": 0, "driver": driver}
    assert faults_of(desired.host, pfs=[{"pf": "a", "vfs": [entry]}]) == [f"pfs[0].vfs[0].{told}"]


@pytest.mark.parametrize("driver", ["8139too", "mlx5_vfio_pci", "LiquidIO_VF", "thunder-nicvf", "_x", "a.b+c"])
def test_a_driver_has_any_name(driver):
    assert records({"vf": 0, "driver": driver})[0].said == {"driver": driver}


def test_what_is_faulty_is_told_and_left_out():
    faults = Faults()
    entries = [{"vf": "x", "trust": True}, {"vf": 1, "mac": "x", "vlan": 3, "driver": "dpdk", "trust": False}]
    found = desired.host({"pfs": [{"pf": "a", "vfs": entries}]}, faults)
    assert found.pfs[0].vfs == (DesiredVfs(Selector(((1, 1),)), {"vlan": 3, "trust": False}, "pfs[0].vfs[1]"),)
    assert [str(each).partition(":")[0] for each in faults.found] == [
        *("pfs[0].vfs[0].vf", "pfs[0].vfs[1].mac", "pfs[0].vfs[1].driver")
    ]


@pytest.mark.parametrize(
    ("options", "wanted"),
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
def test_a_table_is_a_verb_and_numbers(options, wanted):
    assert made(desired.rss, pf="enp1s0", **options).pfs[0].rss == wanted == desired_rss(options)


def test_no_word_about_rss_is_nothing_desired():
    assert desired_rss(None) is None


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param({"hash_key": "6D:5a"}, Hash("6d:5a"), id="key"),
        pytest.param({"hash_function": "xor"}, Hash(function="xor"), id="function"),
        pytest.param(
            {"hash_fields": {"udp4": "nfds", "udp6": "sdd", "tcp4": None}},
            Hash(fields={"udp4": 0xF0, "udp6": 0x30}),
            id="fields in any order",
        ),
        pytest.param({"hash_fields": {}}, Hash(), id="no fields"),
    ],
)
def test_the_hash_is_of_rss(options, wanted):
    assert desired_rss(options) == DesiredRss(hash=wanted)


def test_names_are_as_they_were_written():
    assert host({"pf": "Uplink"}) == Desired((DesiredPf("Uplink", place="pfs[0]."),))


def test_a_host_has_all_that_the_modules_have():
    entry = {
        "pf": "enp1s0",
        "num_vfs": 2,
        "min_rss_queues": 2,
        "vfs": [{"vf": "0", "trust": True}, {"vf": "1", "driver": "vfio-pci", "group": "dpdk"}],
        "rss": {"equal": 2},
        "rules": [{**WEB, "vf": 0}],
        "exclusive_rules": True,
        "allow": ["take_pf"],
    }
    assert one(**entry) == DesiredPf(
        *("enp1s0", 2, False, 2, True),
        vfs=(
            DesiredVfs(VF_0, {"trust": True}, "pfs[0].vfs[0]"),
            DesiredVfs(Selector(((1, 1),)), {"driver": "vfio-pci", "group": "dpdk"}, "pfs[0].vfs[1]"),
        ),
        rss=DesiredRss(verb="equal", numbers=(2,)),
        rules=DesiredRules((RULE.at(None),), ("pfs[0].rules[0]",), exclusive=True),
        allow=frozenset({"take_pf"}),
        place="pfs[0].",
    )


@pytest.mark.parametrize(
    ("entry", "follows"),
    [
        pytest.param({}, dict(), id="nothing"),
        pytest.param({"num_vfs": 2}, dict(num_vfs=2, up=True), id="VFs need the PF up"),
        pytest.param({"num_vfs": 2, "up": False}, dict(num_vfs=2, up=False), id="unless told otherwise"),
        pytest.param({"num_vfs": 0}, dict(num_vfs=0), id="no VFs do not"),
        pytest.param(
            {"vfs": [{"vf": 0, "trust": True}, {"vf": "0", "driver": "none"}]},
            dict(drivers_autoprobe=False),
            id="where a driver is said, no others come",
        ),
        pytest.param(
            {"vfs": [{"vf": "0", "driver": "none"}], "drivers_autoprobe": True},
            dict(drivers_autoprobe=True),
            id="unless they shall",
        ),
        pytest.param({"vfs": [{"vf": "0", "driver": None}]}, dict(), id="null is no driver said"),
        pytest.param({"vfs": [{"vf": "0", "trust": True}]}, dict(), id="no driver is none said"),
        pytest.param({"vfs": []}, dict(), id="no records have none"),
        pytest.param(
            {"num_vfs": 0, "vfs": [{"vf": "0", "driver": "vfio-pci"}]}, dict(num_vfs=0), id="one that is left over"
        ),
    ],
)
def test_what_a_host_s_entry_does_not_say_follows_from_the_rest(entry, follows):
    pf = one(**entry)
    said = {name: getattr(pf, name) for name in ("num_vfs", "drivers_autoprobe", "up")}
    assert {name: value for name, value in said.items() if value is not None} == follows


def test_beside_no_vfs_what_is_said_of_them_is_left_over():
    to_pf = {**WEB, "dst_port": 81, "queue": 3}
    pf = one(num_vfs=0, vfs=[{"vf": 7, "mac": "auto"}], rules=[{**WEB, "vf": 0}, to_pf])
    assert pf.vfs == ()
    assert pf.rules.rules == made(desired.flow_rule, pf="enp1s0", rules=[to_pf]).pfs[0].rules.rules
    assert (pf.rules.names, pf.rules.leftover) == (("pfs[0].rules[1]",), (RULE.at(None),))
    assert one(num_vfs=0, rules=None).rules is None
    assert len(one(num_vfs=1, vfs=[{"vf": 0}], rules=[{**WEB, "vf": 0}]).vfs) == 1


@pytest.mark.parametrize("word", CONSENTS)
def test_consent_holds_for_one_pf_or_for_all(word):
    both = [{"pf": "enp1s0"}, {"pf": "enp2s0", "allow": [word]}]
    assert [pf.allow for pf in host(*both).pfs] == [frozenset(), {word}]
    assert [pf.allow for pf in host(*both, allow=[word]).pfs] == [{word}, {word}]
    assert [pf.allow for pf in host(*both, allow=["other"]).pfs] == [{"other"}, {"other", word}]


def device(address="", driver="vfio-pci", **changes):
    return DesiredDevice(address, driver, **changes)


@pytest.mark.parametrize(
    ("options", "devices"),
    [
        pytest.param(
            {"devices": [ADDRESS, "0000:01:10.2"], "driver": "default", "allow": ["in_use"]},
            [device(each, "default", allow=frozenset({"in_use"})) for each in (ADDRESS, "0000:01:10.2")],
            id="devices",
        ),
        pytest.param(
            {"pf": "enp1s0", "vf": [0], "driver": "vfio-pci", "mode": "0660", "group": "dpdk", "no_iommu": True},
            [device(node=Node(None, "dpdk", 0o660), no_iommu=True, pf="enp1s0", vf=VF_0)],
            id="VFs",
        ),
        pytest.param(
            {
                "pf": "enp1s0",
                "assignments": [
                    {"vf": 0, "driver": "vfio-pci", "owner": "dpdk"},
                    {"devices": [ADDRESS], "driver": "none", "no_iommu": False},
                ],
                "no_iommu": True,
            },
            [
                device(node=Node("dpdk"), no_iommu=True, pf="enp1s0", vf=VF_0),
                device(ADDRESS, "none"),
            ],
            id="several, one without what is said for all",
        ),
        pytest.param({"devices": [], "driver": "none"}, [], id="none"),
    ],
)
def test_a_driver_is_of_devices_or_of_vfs(options, devices):
    assert made(desired.pci_driver, **options) == Desired(devices=tuple(devices))


def test_rules_of_a_module_are_there_or_not():
    for options, rules in (
        ({"rules": [{**WEB, "vf": 0}]}, DesiredRules((RULE.at(None),), ("rules[0]",))),
        ({"rules": [{**WEB, "vf": 0}], "state": "absent"}, DesiredRules((RULE.at(None),), ("rules[0]",), True)),
        ({"rules": None, "exclusive": True}, DesiredRules(exclusive=True)),
    ):
        assert made(desired.flow_rule, pf="enp1s0", **options).pfs == (DesiredPf("enp1s0", rules=rules),)


def written(indices):
    """A set of VFs in some notation."""
    ranges = st.permutations(sorted(indices)).map(lambda each: ",".join(map(str, each)))
    first, last = min(indices), max(indices)
    whole = indices == set(range(first, last + 1))
    return st.sampled_from((sorted(indices), *([f"{first}-{last}"] if whole else []))) | ranges


@given(st.data())
def test_a_notation_names_what_it_lists(data):
    indices = data.draw(st.sets(st.integers(0, 9), min_size=1))
    (found,) = records({"vf": data.draw(written(indices))})
    assert set(found.vf.indices(10)) == indices


def test_units_that_hand_over_are_of_one_pf_or_of_all():
    found = host({"pf": "a", "release": ["app"]}, {"pf": "b"}, release=["other.service"])
    assert [set(pf.release) for pf in found.pfs] == [{"app.service", "other.service"}, {"other.service"}]
    (device,) = made(desired.pci_driver, devices=[ADDRESS], driver="default", release=["app"]).devices
    assert device.release == {"app.service"}
    for make in (desired.pf, desired.vf, desired.rss, desired.flow_rule):
        assert made(make, pf="a", vfs=[], release=["app"]).pfs[0].release == {"app.service"}
    assert faults_of(desired.host, pfs=[{"pf": "a", "release": ["-f"]}], release=["b c"]) == [
        "release[0]: 'b c' is no name of a unit. Remedy: write it as in dpdk-app.service.",
        "pfs[0].release[0]: '-f' is no name of a unit. Remedy: write it as in dpdk-app.service.",
    ]


# What stands beside as_before, and what of it is taken away where a host does not know what there was.
AS_BEFORE = {
    "nothing": ({}, {}),
    "VFs": ({"num_vfs": 4, "vfs": [{"vf": 0, "driver": "vfio-pci"}], "min_rss_queues": 2}, {"num_vfs": 0}),
    "no VFs": ({"num_vfs": 0}, {"num_vfs": 0}),
    "a table": ({"rss": {"equal": 2, "channels": 4}}, {"rss": DesiredRss(verb="default")}),
    "channels": ({"rss": {"channels": 4}, "ntuple": True, "up": True, "drivers_autoprobe": False}, {}),
    "no rules": ({"rules": [], "exclusive_rules": True}, {}),
}


@pytest.mark.parametrize(("beside", "taken"), AS_BEFORE.values(), ids=AS_BEFORE)
def test_beside_as_before_it_is_said_what_is_taken_away(beside, taken):
    found = one(as_before=True, allow=["in_use"], **beside)
    assert found == DesiredPf("enp1s0", place="pfs[0].", allow=frozenset({"in_use"}), as_before=True, **taken)


def test_rules_beside_it_go_those_into_vfs_too():
    rules = one(as_before=True, num_vfs=2, rules=[{**WEB, "vf": 1}, {**WEB, "dst_port": 81, "queue": 2}]).rules
    assert (rules.absent, rules.present, [rule.cookie for rule in rules.rules]) == (True, (), [2 << 32, 2])


def test_what_is_wrong_beside_it_is_told():
    assert faults_of(desired.host, pfs=[{"pf": "enp1s0", "as_before": True, "rules": [WEB]}]) == [
        "pfs[0].rules[0]: where its frames shall go is not said. Remedy: give vf, queue, drop, action or context."
    ]


def test_it_is_not_said_where_it_is_false():
    assert one(num_vfs=2, as_before=False) == one(num_vfs=2)
