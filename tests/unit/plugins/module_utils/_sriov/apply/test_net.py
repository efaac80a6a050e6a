# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps through interfaces on the simulated kernel: what is done, what is put back when one fails, what is said."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.net import set_vfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps, batches
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    KernelRefused,
    NotReached,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net as steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import Reload
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import failure, perform
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import FRESH, RULE, rule

PF = hosts.IXGBE.address
NAME, LABEL = "enp1s0", f"enp1s0 ({PF})"
VF0 = hosts.IXGBE.vf(0)
VF_LABEL = f"{VF0} (VF 0 of {PF})"
LONG, SHORT = 10, 0.2
MAC = "02:00:00:00:aa:0{}"
MULTICAST = "03:00:00:00:00:00"


@pytest.fixture
def kernel_with(tmp_path):
    """A simulated kernel with an 82599 and this many VFs, which the kernel binds."""

    def make(num_vfs=3, nic=hosts.IXGBE, autoprobe=True, refuses=None, **behaviour):
        kernel = simulate(tmp_path, hosts.host(nic, cpus=16), Behaviour(**behaviour))
        kernel.ethtool = SimEthtool(tmp_path, refuses)
        if not autoprobe:
            kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe", "0")
        if num_vfs:
            kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", str(num_vfs))
        return kernel

    return make


def change(vf, **attributes):
    return steps.SetVf(PF, NAME, LABEL, vf, VfAttributes(**attributes), FRESH)


def attributes(kernel, vf):
    return kernel.link.vf_attributes(NAME)[vf]


def rules(kernel):
    return [str(each.at(None)) for each in kernel.ethtool.rules(NAME).rules]


class Resetting:
    """`ip` of a kernel in which a VF is in reset for some calls (i40e answers EAGAIN)."""

    def __init__(self, run, line, times):
        self._run, self._line, self._times = run, line, times
        self.calls = run.calls

    def __call__(self, argv, stdin=""):
        lines = stdin.splitlines()
        at = next((number for number, line in enumerate(lines) if self._line in line), None)
        if at is None or not self._times:
            return self._run(argv, stdin)
        self._times -= 1
        code, _out, error = self._run(argv, "".join(f"{line}\n" for line in lines[:at]))
        assert (code, error) == (0, "")
        return 2, "", f"RTNETLINK answers: Resource temporarily unavailable\nCommand failed -:{at + 1}\n"


# Attributes


def test_vfs_of_one_pf_are_set_in_one_batch():
    first, second = change(0, trust=True), change(1, trust=True)
    other = steps.SetVf("0000:02:00.0", "enp2s0", "enp2s0 (0000:02:00.0)", 0, VfAttributes(trust=True), FRESH)
    ntuple = steps.SetNtuple(PF, NAME, LABEL, True)
    assert batches([first, second, other, ntuple, ntuple, first]) == [
        [first, second],
        [other],
        [ntuple],
        [ntuple],
        [first],
    ]


def test_a_batch_is_one_process(kernel_with):
    kernel = kernel_with(autoprobe=False)
    done = apply_steps(kernel, (change(0, mac=MAC.format(0)), change(2, trust=True, vlan=7, qos=1)), Deadline(LONG))
    assert done == [
        f"set VF 0 of {LABEL}: mac 02:00:00:00:aa:00 (was 00:00:00:00:00:00)",
        f"set VF 2 of {LABEL}: vlan 7 (was 0), qos 1 (was 0), trust on (was off)",
    ]
    assert kernel.run.calls.count("ip -batch -") == 1
    assert (attributes(kernel, 0).mac, attributes(kernel, 2).vlan, attributes(kernel, 1)) == (MAC.format(0), 7, FRESH)


def test_the_line_that_fails_is_named_and_those_before_it_are_done(kernel_with):
    kernel = kernel_with(autoprobe=False)
    plan = (change(0, trust=True), change(1, mac=MULTICAST), change(2, trust=True))
    with pytest.raises(KernelRefused) as failed:
        apply_steps(kernel, plan, Deadline(LONG))
    assert str(failed.value) == (
        f"cannot set mac of VF 1 on {LABEL}: RTNETLINK answers: Invalid argument. "
        "Remedy: the driver's reason is in dmesg; what it takes differs from driver to driver."
    )
    assert failed.value.step == f"set VF 1 of {LABEL}: mac {MULTICAST} (was 00:00:00:00:00:00)"
    assert failed.value.done == [f"set VF 0 of {LABEL}: trust on (was off)"]
    assert [attributes(kernel, index).trust for index in range(3)] == [True, False, False]


def test_of_a_vf_of_which_some_is_set_the_rest_is_named(kernel_with):
    """The kernel applies the attributes one by one, and undoes none."""
    kernel = kernel_with(autoprobe=False)
    with pytest.raises(KernelRefused) as failed:
        set_vfs([change(0, mac=MAC.format(0), max_tx_rate=5, trust=True)], kernel, LONG, [])
    assert failed.value.what == "cannot set trust, max_tx_rate of VF 0"
    assert attributes(kernel, 0).mac == MAC.format(0)


def test_a_vf_that_is_not_there_is_named(kernel_with):
    with pytest.raises(KernelRefused) as failed:
        set_vfs([change(3, trust=True)], kernel_with(1), LONG, [])
    assert failed.value.what == "cannot set trust of VF 3"


def test_a_vf_in_reset_is_tried_again_and_those_before_it_are_not(kernel_with):
    kernel, done = kernel_with(autoprobe=False), []
    kernel.link._run = Resetting(kernel.run, "vf 1", times=2)
    set_vfs([change(index, trust=True) for index in range(3)], kernel, LONG, done)
    assert done == [f"set VF {index} of {LABEL}: trust on (was off)" for index in range(3)]
    assert [call for call in kernel.run.calls if "link set" in call] == [
        f"ip link set dev {NAME} vf {index} trust on" for index in range(3)
    ]


def test_a_vf_that_stays_in_reset_is_given_up_in_time(kernel_with):
    kernel, done = kernel_with(autoprobe=False), []
    kernel.link._run = Resetting(kernel.run, "vf 1", times=1000)
    with pytest.raises(KernelRefused) as failed:
        set_vfs([change(index, trust=True) for index in range(3)], kernel, SHORT, done)
    assert failed.value.why == "RTNETLINK answers: Resource temporarily unavailable"
    assert done == [f"set VF 0 of {LABEL}: trust on (was off)"]


# Their interfaces


def test_the_mtu_is_set_on_the_interface_that_the_driver_gave(kernel_with):
    kernel = kernel_with(1)
    perform(steps.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0), kernel, LONG)
    assert [entry["mtu"] for entry in kernel.link.interfaces() if entry["ifname"] == "enp1s0v0"] == [1400]


def test_an_mtu_finds_its_vf_by_pf_and_index(kernel_with):
    kernel = kernel_with(1)
    perform(steps.SetMtu("0000:99:00.0", VF_LABEL, 1500, 1400, PF, 0), kernel, LONG)
    assert "ip link set dev enp1s0v0 mtu 1400" in written(kernel)


def test_an_interface_that_never_comes_is_no_mtu(kernel_with):
    kernel = kernel_with(1, autoprobe=False)
    step = steps.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0)
    assert failure(kernel, step, NotReached, SHORT) == (
        f"cannot set the MTU to 1400 on {VF_LABEL}: it has no interface."
    )


class TooLarge:
    """`ip` of a VF driver that takes no such MTU, for some calls."""

    def __init__(self, run, times):
        self._run, self._times = run, times
        self.calls = run.calls

    def __call__(self, argv, stdin=""):
        if "mtu" not in argv or not self._times:
            return self._run(argv, stdin)
        self._times -= 1
        return 2, "", "RTNETLINK answers: Invalid argument\n"


def test_a_vf_whose_pf_is_in_reset_takes_its_mtu_a_moment_later(kernel_with):
    kernel = kernel_with(1)
    kernel.link._run = TooLarge(kernel.run, times=2)
    perform(steps.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0), kernel, LONG)
    assert "ip link set dev enp1s0v0 mtu 1400" in written(kernel)


def test_an_mtu_that_is_never_taken_is_reported(kernel_with):
    kernel = kernel_with(1)
    kernel.link._run = TooLarge(kernel.run, times=1000)
    assert failure(kernel, steps.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0), KernelRefused, SHORT) == (
        f"cannot set the MTU to 1400 on {VF_LABEL}: RTNETLINK answers: Invalid argument. Remedy: look at dmesg."
    )


class Deaf(TooLarge):
    """A VF that does not reach its PF, and whose interface does not go up therefore."""

    def __call__(self, argv, stdin=""):
        if argv[-1] == "up":
            return 2, "", "RTNETLINK answers: Input/output error\n"
        return super().__call__(argv, stdin)


def test_a_vf_that_must_reach_its_pf_first_says_so(kernel_with):
    kernel = kernel_with(1)
    kernel.link._run = Deaf(kernel.run, times=1000)
    assert failure(kernel, steps.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0), KernelRefused) == (
        f"cannot set the MTU to 1400 on {VF_LABEL}: RTNETLINK answers: Invalid argument; the VF has to reach its PF "
        "first, and its interface cannot be set up (RTNETLINK answers: Input/output error). Remedy: set the PF up, and "
        "look whether `ip link set dev enp1s0v0 up` works then."
    )


def vf_interface(kernel):
    (entry,) = [entry for entry in kernel.link.interfaces() if entry["ifname"] == "enp1s0v0"]
    return entry["address"], entry["mtu"], "UP" in entry["flags"]


@pytest.mark.parametrize(("mtu", "up"), [(1400, True), (1500, True), (1400, False), (1500, False)])
def test_a_reload_brings_the_address_and_keeps_mtu_and_link(kernel_with, mtu, up):
    kernel = kernel_with(1)
    kernel.link.set_mtu("enp1s0v0", mtu)
    kernel.link.set_up("enp1s0v0", up)
    kernel.link.batch([["link", "set", "dev", NAME, "vf", "0", "mac", MAC.format(0)]])
    assert vf_interface(kernel)[0] != MAC.format(0)
    perform(Reload(VF0, VF_LABEL, "ixgbevf", "its address", PF, 0), kernel, LONG)
    assert vf_interface(kernel) == (MAC.format(0), mtu, up)
    assert kernel.sysfs.read(f"/sys/bus/pci/devices/{VF0}/driver_override") == "(null)"


def test_a_reload_that_fails_says_so(tmp_path, kernel_with):
    kernel_with(1)
    kernel = behaving(tmp_path, Behaviour(probe_errors={"ixgbevf": errno.EBUSY}))
    assert failure(kernel, Reload(VF0, VF_LABEL, "ixgbevf", "its address", PF, 0), KernelRefused).startswith(
        f"cannot reload ixgbevf on {VF_LABEL}: "
    )


def test_a_link_is_waited_for(kernel_with):
    step, kernel = steps.WaitForCarrier(PF, NAME, LABEL, "for rates"), kernel_with(0)
    perform(step, kernel, SHORT)
    kernel.link.set_up(NAME, False)
    assert failure(kernel, step, TookTooLong, SHORT) == (
        f"there is no link on {LABEL}: waited 0.2 s. Remedy: look at dmesg; give more time (timeout)."
    )


# Queues


def test_channels_are_set_and_the_others_kept(kernel_with):
    kernel = kernel_with(0)
    before = kernel.ethtool.channels(NAME)
    perform(steps.SetChannels(PF, NAME, LABEL, 16, 4), kernel, LONG)
    after = kernel.ethtool.channels(NAME)
    assert (after.combined, after.other, after.max_combined) == (4, before.other, before.max_combined)


def test_channels_that_the_kernel_keeps_for_a_rule_are_reported(kernel_with):
    kernel = kernel_with(0)
    kernel.ethtool.set_feature(NAME, "rx-ntuple-filter", True)
    kernel.ethtool.insert_rule(NAME, rule(dst_port=9, cookie=5, location=1))
    assert failure(kernel, steps.SetChannels(PF, NAME, LABEL, 16, 4), KernelRefused) == (
        f"cannot set 4 channels on {LABEL}: the driver refused `ethtool -L {NAME} combined 4` [EINVAL: Invalid "
        "argument]. Remedy: the driver, or a flow rule or XDP socket on a queue that would go, is against it (dmesg "
        "says)."
    )


def test_ntuple_is_turned_on(kernel_with):
    kernel = kernel_with(0)
    perform(steps.SetNtuple(PF, NAME, LABEL, True), kernel, LONG)
    assert kernel.ethtool.feature(NAME).on


def test_a_feature_that_the_driver_does_not_turn_on_is_reported(kernel_with):
    """The kernel answers success all the same."""
    assert failure(kernel_with(0, nic=hosts.IGB), steps.SetNtuple(PF, NAME, LABEL, True), NotReached) == (
        f"ntuple filters stay off on {LABEL}: the driver accepted the change and did not make it. "
        "Remedy: look at dmesg."
    )


def test_a_table_is_set_and_the_default_is_put_back(kernel_with):
    kernel = kernel_with(0)
    perform(steps.SetRss(PF, NAME, LABEL, (1,) * 128), kernel, LONG)
    assert kernel.ethtool.rss(NAME).table == (1,) * 128
    perform(steps.SetRss(PF, NAME, LABEL, None), kernel, LONG)
    assert kernel.ethtool.rss(NAME).table == tuple(range(16)) * 8


def test_a_table_with_a_queue_that_is_not_there_is_reported(kernel_with):
    assert failure(kernel_with(1), steps.SetRss(PF, NAME, LABEL, (4,) * 128), KernelRefused).startswith(
        f"cannot set the RSS table on {LABEL}: the driver refused `ethtool -X {NAME}` [EINVAL: Invalid argument]."
    )


# Flow rules

RULE_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
ELSEWHERE = rule(vf=1, dst_ip=0xC0A8FE1E, dst_port=80)
REFUSED = {"ethtool -N enp1s0 flow-type tcp4 action 8589934592": errno.EINVAL}
WHY = "the driver refused the flow rule tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 0"


@pytest.fixture
def with_rule(kernel_with):
    """RULE is there."""

    def make(**options):
        kernel = kernel_with(**options)
        perform(steps.SetNtuple(PF, NAME, LABEL, True), kernel, LONG)
        perform(steps.InsertRule(PF, NAME, LABEL, RULE), kernel, LONG)
        return kernel

    return make


def test_a_rule_comes_is_replaced_and_goes(with_rule):
    kernel = with_rule()
    assert rules(kernel) == [RULE_WORDS]
    perform(steps.InsertRule(PF, NAME, LABEL, ELSEWHERE, replaces=RULE), kernel, LONG)
    assert rules(kernel) == [RULE_WORDS.replace("VF 0", "VF 1")]
    perform(steps.DeleteRule(PF, NAME, LABEL, ELSEWHERE), kernel, LONG)
    assert rules(kernel) == []


def test_a_rule_that_is_refused_is_reported_with_what_may_help(with_rule):
    kernel = with_rule(refuses=REFUSED)
    assert failure(kernel, steps.InsertRule(PF, NAME, LABEL, ELSEWHERE), KernelRefused) == (
        f"cannot add flow rule {ELSEWHERE} on {LABEL}: {WHY} [EINVAL: Invalid argument]. "
        "Remedy: the driver's reason is in dmesg."
    )
    assert rules(kernel) == [RULE_WORDS]


def test_without_ntuple_a_rule_is_refused(kernel_with):
    assert failure(kernel_with(), steps.InsertRule(PF, NAME, LABEL, RULE), KernelRefused).endswith(
        "[EOPNOTSUPP: Operation not supported]. Remedy: the driver takes no such rule, or ntuple filters are off."
    )


def test_a_rule_that_has_gone_already_is_no_failure(with_rule):
    kernel = with_rule()
    perform(steps.DeleteRule(PF, NAME, LABEL, RULE.at(7)), kernel, LONG)
    assert rules(kernel) == [RULE_WORDS]


def test_a_rule_that_does_not_go_is(with_rule):
    kernel = with_rule(refuses={"ethtool -N enp1s0 delete": errno.EBUSY})
    assert failure(kernel, steps.DeleteRule(PF, NAME, LABEL, RULE), KernelRefused) == (
        f"cannot delete flow rule 2045 on {LABEL}: the driver refused `ethtool -N {NAME} delete 2045` [EBUSY: Device "
        "or resource busy]. Remedy: the device is in reset: run again."
    )
