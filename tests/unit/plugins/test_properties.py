# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of plan and apply on simulated hosts: whatever the state and the request, these hold."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import pci_driver, pf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.predictions import check_after
from ansible_collections.kernel_bypass.sriov.tests.unit.support.scenes import notations
from hypothesis import assume, event, given
from hypothesis import strategies as st

NICS = (hosts.IGB, hosts.IGB, hosts.IXGBE, hosts.Nic(up=False), hosts.Nic("mystery", device="abcd"))
PF = hosts.IGB.address
BASE = f"{hosts.DEVICES}/{PF}"
PF_FILES = {  # what may be in the way, and what is not
    "nothing": {},
    "SSH comes over it": hosts.ssh_from("198.51.100.7", "enp1s0"),
    "no autoprobe": {f"{BASE}/sriov_drivers_autoprobe": "0"},
    "traffic classes": {f"sys/class/net/enp1s0/queues/tx-{n}/traffic_class": str(n) for n in range(4)},
    "it has gone": {f"{BASE}/config": b"\xff" * 4},
    "an XDP program": hosts.interface("enp1s0", 3, hosts.IGB.mac, up=True, xdp={"mode": 1}),
}


@st.composite
def pf_hosts(draw):
    """A host (tree of files, how its kernel behaves), how many VFs it has, and whether there were others before, beside
    which somebody has set two channels."""
    nic = draw(st.sampled_from(NICS))
    options = {"cpus": draw(st.sampled_from((1, 3, 8, 40))), "iommu": draw(st.booleans())}
    loaded = draw(st.sampled_from((hosts.LOADED, ("igb", "ixgbe"))))
    in_the_way = draw(st.sampled_from(("nothing", "nothing", *PF_FILES)))
    files = {**hosts.host(nic, loaded=loaded, **options), **PF_FILES[in_the_way]}
    behaviour = Behaviour(isolated=draw(st.booleans()))
    # What that leaves of a PF that is down nobody can tell.
    return files, behaviour, draw(st.sampled_from((0, 0, 1, 3, 7))), nic == hosts.IXGBE and draw(st.booleans())


consents = st.lists(st.sampled_from(CONSENTS), unique=True)
pf_options = st.fixed_dictionaries(
    {"num_vfs": st.sampled_from((2, 3, 0, 1, 7, 12, None))},
    optional={
        "drivers_autoprobe": st.booleans(),
        "min_rss_queues": st.sampled_from((1, 2, 4)),
        "up": st.booleans(),
        "allow": consents,
    },
)

LOADED = (*hosts.LOADED, "vfio-pci")
VFS = [hosts.IGB.vf(index) for index in range(3)]


@st.composite
def driver_hosts(draw):
    """A host with three VFs, each with a driver, an override and users of its own."""
    loaded = draw(st.sampled_from((hosts.LOADED, LOADED)))
    locked = draw(st.sampled_from(("[none] integrity", "[none] integrity", "none [integrity]")))
    noiommu = draw(st.sampled_from(("N", "Y", None)))
    files = hosts.host(iommu=draw(st.booleans()), loaded=loaded, noiommu=noiommu, lockdown=locked)
    behaviour = Behaviour(isolated=draw(st.booleans()), node_mode=draw(st.sampled_from((0o600, 0o666))))
    states = st.tuples(
        st.sampled_from(("igbvf", "igbvf", None, "vfio-pci")),
        st.sampled_from((None, "igbvf", "x")),
        st.sampled_from((0, 0, 1)),
    )
    return files, behaviour, draw(st.lists(states, min_size=3, max_size=3)), draw(st.booleans())


user_space = st.fixed_dictionaries(
    {"driver": st.just("vfio-pci")},
    optional={
        "no_iommu": st.booleans(),
        "mode": st.sampled_from(("0600", "0660")),
        "group": st.just(str(os.getgid())),
    },
)
others = st.sampled_from(("igbvf", "default", "default", "none", "none", "vfio_pci", "dpdk", "uio_pci_generic"))
driver_options = user_space | st.fixed_dictionaries({"driver": others})
some_vfs = st.sets(st.integers(0, 2), min_size=1)
assigned = st.lists(
    st.builds(
        lambda vf, options: {"vf": vf, **options}, some_vfs.flatmap(lambda vfs: notations(vfs, 3)), driver_options
    ),
    min_size=1,
    max_size=2,
)


def pf_kernel(root, host):
    files, behaviour, num_vfs, channels_were_set = host
    kernel = simulate(root, files, behaviour)
    total = int(files[f"{BASE}/sriov_totalvfs"])
    if channels_were_set:
        with contextlib.suppress(KernelRefused):
            kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "2")
        channels = kernel.ethtool.channels("enp1s0")
        kernel.ethtool.set_channels("enp1s0", channels._replace(combined=min(2, channels.max_combined)))
        kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "0")
    if num_vfs:
        with contextlib.suppress(KernelRefused):  # ixgbe has VFs or an XDP program, not both
            kernel.sysfs.write(f"/{BASE}/sriov_numvfs", str(min(num_vfs, total)))
        kernel.settle(1)  # udev has long loaded the module that knows them
    return kernel


def driver_kernel(root, host):
    files, behaviour, states, autoprobe = host
    kernel = simulate(root, files, behaviour)
    kernel.sysfs.write(f"/{BASE}/sriov_drivers_autoprobe", str(int(autoprobe)))
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "3")
    for index, (driver, override, used) in enumerate(states):
        base = f"/{hosts.DEVICES}/{VFS[index]}"
        if kernel.sysfs.exists(f"{base}/driver"):
            kernel.sysfs.write(f"{base}/driver/unbind", VFS[index])
        if driver in kernel.sysfs.names(f"/{hosts.DRIVERS}"):
            kernel.sysfs.write(f"{base}/driver_override", f"{driver}\n")
            grouped = kernel.sysfs.exists(f"{base}/iommu_group") or kernel.system.noiommu_mode()
            if driver != "vfio-pci" or grouped:
                kernel.sysfs.write("/sys/bus/pci/drivers_probe", VFS[index])
        kernel.sysfs.write(f"{base}/driver_override", f"{override or ''}\n")
        group = kernel.sysfs.link_name(f"{base}/iommu_group")
        if used and kernel.sysfs.link_name(f"{base}/driver") == "vfio-pci":
            build(root, hosts.process(4711 + index, "testpmd", [kernel.system.vfio_node(group)]))
    return kernel


def pf_run(kernel, options, check=False):
    return run_module(pf, kernel, check, pf=PF, **options)


def driver_run(kernel, assignments, check=False, allow=()):
    return run_module(pci_driver, kernel, check, pf=PF, assignments=assignments, allow=list(allow))


def check_run(root, kernel, run):
    """What holds of every request, from check mode to the second run."""
    before, writes = snapshot(root), written(kernel)
    planned = run(True)
    assert snapshot(root) == before and written(kernel) == writes, "check mode writes nothing"
    done = run(False)
    event(done["failure"]["kind"] if done["failed"] else f"{min(len(done['steps']), 3)} steps or more")
    assert done["failed"] == planned["failed"], "check mode refuses what the real run refuses"
    if done["failed"]:
        assert "failure" in done, done
        assert (done["msg"], done["done"], done["changed"]) == (planned["msg"], [], False)
        assert done.get("failures") == planned.get("failures") and done.get("failures", [1]) != []
        assert snapshot(root) == before and written(kernel) == writes, "a refusal writes nothing"
        return done
    # after_all() agrees with what is read after: diff["after"] is the one in check mode, the other in the real run.
    words = ("steps", "changed", "diff", "allowed")
    assert {word: planned[word] for word in words} == {word: done[word] for word in words}
    assert done["changed"] == (snapshot(root) != before)
    settled, writes = snapshot(root), written(kernel)
    again = run(False)
    assert (again["failed"], again["changed"], again["steps"], again["allowed"]) == (False, False, [], []), (
        "the second run finds nothing to do"
    )
    assert snapshot(root) == settled and written(kernel) == writes
    return done


def vfs_of(kernel):
    """Each VF, known by the inode of its directory: one that is created anew is another."""
    names = [name for name in kernel.sysfs.names(f"/{BASE}") if name.startswith("virtfn")]
    return {name: kernel.sysfs.inode(f"/{BASE}/{name}") for name in names}


def test_any_pf_request_on_any_host(roots):
    @given(pf_hosts(), pf_options)
    def holds(host, options):
        root = roots()
        kernel = pf_kernel(root, host)
        check_run(root, kernel, lambda check: pf_run(kernel, options, check))

    holds()


def test_vfs_are_destroyed_only_when_that_was_named(roots):
    @given(pf_hosts(), pf_options)
    def holds(host, options):
        kernel = pf_kernel(roots(), host)
        before = vfs_of(kernel)
        pf_run(kernel, options)
        if options.get("num_vfs") != 0 and "destroy_vfs" not in options.get("allow", ()):
            assert before.items() <= vfs_of(kernel).items()

    holds()


def test_any_driver_request_on_any_host(roots):
    @given(driver_hosts(), assigned, consents)
    def holds(host, assignments, allow):
        root = roots()
        kernel = driver_kernel(root, host)
        check_run(root, kernel, lambda check: driver_run(kernel, assignments, check, allow))

    holds()


def test_a_device_that_was_not_named_is_not_touched(roots):
    @given(driver_hosts(), st.sets(st.integers(0, 2), min_size=1, max_size=2).map(sorted), driver_options)
    def holds(host, vfs, options):
        root = roots()
        kernel = driver_kernel(root, host)
        others = [f"{hosts.DEVICES}/{VFS[index]}" for index in range(3) if index not in vfs]
        before = {path: value for path, value in snapshot(root).items() if path.startswith((*others, BASE))}
        driver_run(kernel, [{"vf": vfs, **options}], allow=["in_use"])
        assert {path: value for path, value in snapshot(root).items() if path.startswith((*others, BASE))} == before

    holds()


def test_a_bind_that_fails_leaves_the_old_driver_and_no_override(roots):
    @given(driver_hosts(), st.integers(0, 2), st.sampled_from((None, errno.EBUSY, errno.EINVAL)))
    def holds(host, index, number):
        root = roots()
        base = f"/{hosts.DEVICES}/{VFS[index]}"
        before = driver_kernel(root, host).sysfs.link_name(f"{base}/driver")
        faults = {"probe_errors": {"vfio-pci": number}} if number else {"declines": ("vfio-pci",)}
        kernel = behaving(root, Behaviour(**faults))
        result = driver_run(kernel, [{"vf": index, "driver": "vfio-pci"}], allow=["in_use"])
        assert kernel.sysfs.link_name(f"{base}/driver") == before
        if result["failed"] and result["failure"]["step"].startswith("bind"):
            event("a bind failed")
            assert kernel.sysfs.read(f"{base}/driver_override") == "(null)"

    holds()


def test_what_the_steps_for_drivers_lead_to_is_what_is_read_after_them(roots):
    @given(driver_hosts(), assigned, consents)
    def holds(host, assignments, allow):
        files, behaviour, *rest = host
        by_vfio = replace(behaviour, node_mode=0o600)  # what a rule of udev makes of a new node is not known before
        options = {"pf": PF, "assignments": assignments, "allow": allow}
        check_after(driver_kernel(roots(), (files, by_vfio, *rest)), "pci_driver", options)

    holds()


def test_what_the_steps_for_pfs_lead_to_is_what_is_read_after_them(roots):
    @given(pf_hosts(), pf_options)
    def holds(host, options):
        _files, _behaviour, num_vfs, channels_were_set = host
        assume(not (num_vfs and channels_were_set))  # beside VFs nobody can read flow director's limit (see plan_mend)
        check_after(pf_kernel(roots(), host), "pf", {"pf": PF, **options})

    holds()
