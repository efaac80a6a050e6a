# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal of queues for AF_XDP, word for word: the message is what an operator gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import XSK, Unread
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import (
    Attached,
    DesiredXsk,
    Pins,
    XdpFacts,
    Xsk,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    SSH,
    desired_pf,
    desired_rules,
    host_state,
    ixgbe,
    netdev,
    pf,
    refusals,
    rule,
)

ON = f" on {LABEL}: "
ALL = frozenset({"basic", "redirect", "xsk-zerocopy"})
FACTS = XdpFacts("6.12.118+deb13-amd64", ALL)
GENERIC = "or take mode: generic, which is no faster than the kernel's own path: allow: [generic_xdp]."
READY = Xsk(Attached(12, "kernel_bypass", "native", True, True), Pins(True))
TO_1 = rule(dst_ip=1, dst_port=9, cookie=1, location=7)
SOCKET = Holder("xsk", "process 4711 (reader) has an AF_XDP socket on queue 1 of enp1s0", queue=1)
IN_USE = "or accept that its user loses it: allow: [in_use]."


def nic(kind=ixgbe, num_vfs=0, facts=FACTS, xsk=None, **changes):
    state = {"combined_channels": 4, "online_cpus": 4, "ntuple": "on", **changes}
    return replace(kind(num_vfs, **state), xdp_facts=facts, xsk=xsk or Xsk())


def wanted(queues=(1,), mode="native", **options):
    xsk = DesiredXsk(tuple(queues), mode=mode, **{"place": "xsk.", **options.pop("xsk", {})})
    return desired_pf(xsk=xsk, **options)


def refused(state, desired):
    return [str(each) for each in refusals(host_state(state), desired)]


ONE = [
    pytest.param(
        nic(num_vfs=4),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}ixgbe refuses XDP while there are VFs, and there are 4 (ixgbe_main.c "
        f"ixgbe_xdp_setup). Remedy: change that, {GENERIC}",
        id="VFs that are there",
    ),
    pytest.param(
        nic(xsk=Xsk(Attached(97, "xdp_dispatcher", "native", False, False)), xdp=True),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}XDP program 97 (xdp_dispatcher, native) is attached. Remedy: end the "
        "program that has attached it, or detach it: ip link set dev enp1s0 xdp off.",
        id="a program of somebody else",
    ),
    pytest.param(
        nic(mtu=9000),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}ixgbe refuses XDP with an MTU above 3050, and it is 9000 (ixgbe_main.c "
        f"ixgbe_xdp_setup). Remedy: change that, {GENERIC}",
        id="MTU",
    ),
    pytest.param(
        nic(online_cpus=200, facts=FACTS._replace(release="5.15.0")),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}ixgbe refuses XDP with more than 64 CPUs before 5.16 of kernel.org, if "
        f"no backport has changed it, and there are 200 (ixgbe_main.c ixgbe_xdp_setup). Remedy: change that, {GENERIC}",
        id="CPUs, on a kernel that has fewer queues",
    ),
    pytest.param(
        nic(facts=FACTS._replace(lro=True)),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}large-receive-offload is on, which joins frames before a program sees "
        "them. Remedy: turn it off: ethtool -K enp1s0 lro off.",
        id="LRO",
    ),
    pytest.param(
        nic(num_tc=4),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}ixgbe refuses XDP with traffic classes, and there are 4 (ixgbe_main.c "
        f"ixgbe_xdp_setup). Remedy: change that, {GENERIC}",
        id="traffic classes",
    ),
    pytest.param(
        nic(facts=FACTS._replace(features=frozenset({"basic"}))),
        wanted(),
        f"xsk: driver ixgbe has no native XDP{ON}the kernel lists basic for enp1s0, not redirect (netlink family "
        f"netdev). Remedy: use another NIC, {GENERIC}",
        id="a driver that cannot redirect",
    ),
    pytest.param(
        nic(driver="tg3", facts=XdpFacts("6.1.0")),
        wanted(),
        f"xsk: driver tg3 has no native XDP{ON}kernel 6.1 cannot tell, and the table of drivers does not know tg3. "
        f"Remedy: use another NIC, {GENERIC}",
        id="a driver that is not known",
    ),
    pytest.param(
        nic(facts=FACTS._replace(no_bpf="the number of bpf(2) on mips64 is not known")),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}the number of bpf(2) on mips64 is not known. Remedy: leave out xsk.",
        id="a machine that is not known",
    ),
    pytest.param(
        nic(facts=XdpFacts("5.2.1", ALL)),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}kernel 5.2.1 drops what no socket takes: passing it on came with 5.3. "
        "Remedy: boot a kernel from 5.3 on.",
        id="a kernel whose program would drop",
    ),
    pytest.param(
        nic(facts=FACTS._replace(families=frozenset({"PACKET", "TCP"}))),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}kernel 6.12.118+deb13-amd64 has no AF_XDP (CONFIG_XDP_SOCKETS). Remedy: "
        "boot a kernel that has it.",
        id="a kernel without AF_XDP",
    ),
    pytest.param(
        nic(netdevs=(netdev("enp1s0.100"),)),
        wanted(),
        f"xsk: nothing can be pinned for enp1s0.100 on enp1s0.100 ({PF}): a bpffs takes no name with a dot, and its "
        "directory would be /run/kernel-bypass-sriov/bpf/enp1s0.100. Remedy: give the interface a name without one "
        "(systemd.link).",
        id="a name with a dot",
    ),
    pytest.param(
        nic(),
        wanted([4]),
        f"xsk.queues: there is no queue 4{ON}it has 4 receive queues. Remedy: name one that is there, or have more of "
        "them (rss: channels).",
        id="a queue that is not there",
    ),
    pytest.param(
        nic(),
        wanted([0, 1, 2, 3]),
        f"xsk.queues: nothing would be left to the kernel{ON}the RSS table names no queue but 0, 1, 2, 3. Remedy: "
        "leave a queue to the kernel.",
        id="every queue",
    ),
    pytest.param(
        nic(rules=[TO_1]),
        wanted(),
        f"xsk.queues: queue 1 is taken{ON}flow rule 7 ({TO_1}) leads to it, and is none of this collection's. Remedy: "
        "name another queue; or list the rule, or remove it (module flow_rule).",
        id="a rule of somebody else leads to it",
    ),
    pytest.param(
        nic(),
        wanted(rss=DesiredRss(verb="equal", numbers=(4,))),
        f"xsk.queues: queue 1 has a share of the RSS table{ON}equal gives it 32 of 128 entries. Remedy: leave it out "
        "there, or leave the table out.",
        id="a table that gives it frames of others",
    ),
    pytest.param(
        nic(),
        wanted(mode="generic"),
        f"xsk.mode: generic is no way past the kernel{ON}the kernel builds a socket buffer for every frame first, and "
        "copies it: no faster than its own path. Remedy: take mode: native, or accept that: allow: [generic_xdp].",
        id="generic mode without consent",
    ),
    pytest.param(
        nic(),
        wanted(xsk={"napi": {"gro_flush_timeout": 5}}),
        f"xsk.gro_flush_timeout: it cannot be set{ON}this kernel has no such value of an interface, or does not tell "
        "it. Remedy: leave out gro_flush_timeout.",
        id="a kernel without values of NAPI",
    ),
    pytest.param(
        nic(holders=(SSH,)),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}the PF is reset by it, and {SSH.text}. Remedy: reach the host over "
        "another NIC, or accept that its link is lost for some seconds: allow: [link_reset].",
        id="it carries the operator",
    ),
    pytest.param(
        nic(holders=(SOCKET,)),
        wanted(),
        f"xsk: cannot attach an XDP program{ON}sockets get no frames any more: {SOCKET.text}. Remedy: end the program "
        f"first, {IN_USE}",
        id="a socket, when it comes",
    ),
    pytest.param(
        nic(holders=(SOCKET,), xsk=READY, xdp=True),
        wanted([], xsk={"absent": True}),
        f"xsk: cannot detach the XDP program{ON}sockets get no frames any more: {SOCKET.text}. Remedy: end the program "
        f"first, {IN_USE}",
        id="a socket, when it goes",
    ),
    pytest.param(
        replace(nic(), unread=(Unread(XSK, "the kernel refused to open it [EPERM: Operation not permitted]"),)),
        wanted(),
        f"xsk: cannot tell which XDP program is attached, and what is pinned{ON}the kernel refused to open it [EPERM: "
        "Operation not permitted]. Remedy: run it again, and see dmesg.",
        id="what is pinned is not known",
    ),
]


@pytest.mark.parametrize(("state", "desired", "text"), ONE)
def test_what_is_refused(state, desired, text):
    assert refused(state, desired) == [text]


def test_all_is_told_at_once():
    other = Attached(97, "xdp_dispatcher", "native", False, False)
    state = nic(num_vfs=4, mtu=9000, rules=[TO_1], xsk=Xsk(other), facts=FACTS._replace(lro=True), xdp=True)
    texts = refused(state, wanted([1, 7]))
    assert [text.partition(ON)[0] for text in texts] == [
        "xsk.queues: there is no queue 7",
        "xsk.queues: queue 1 is taken",
        *["xsk: cannot attach an XDP program"] * 4,
    ]


@pytest.mark.parametrize(
    ("state", "desired"),
    [
        pytest.param(nic(rules=[TO_1]), wanted(rules=desired_rules(TO_1)), id="a rule that is asked for"),
        pytest.param(nic(rules=[TO_1]), wanted(rules=desired_rules(TO_1, absent=True)), id="a rule that is to go"),
        pytest.param(nic(rules=[TO_1], xsk=READY, xdp=True), wanted(), id="a rule for a socket"),
        pytest.param(nic(rules=[TO_1]), wanted([2]), id="a rule elsewhere"),
        pytest.param(nic(num_vfs=4), wanted(mode="generic", allow=["generic_xdp"]), id="generic mode beside VFs"),
        pytest.param(nic(holders=(SSH,)), wanted(allow=["link_reset"]), id="the link may go"),
        pytest.param(nic(holders=(SOCKET,)), wanted(allow=["in_use"]), id="the socket may lose its frames"),
        pytest.param(nic(holders=(SOCKET,), xsk=READY, xdp=True), wanted(), id="a socket while nothing comes or goes"),
        pytest.param(nic(pf), wanted(), id="igb"),
        pytest.param(nic(facts=XdpFacts("6.1.0")), wanted(), id="by the table of drivers"),
    ],
)
def test_what_is_not_refused(state, desired):
    assert refused(state, desired) == []


def test_vfs_that_the_same_request_asks_for_are_as_much_in_the_way():
    texts = refused(nic(), wanted(num_vfs=2))
    assert [text for text in texts if "while there are VFs, and there are 2" in text]


def test_vfs_are_refused_while_the_queues_are_given_away():
    state = nic(xsk=READY, xdp=True)
    interface = replace(state.device.netdev, xdp_name="kernel_bypass")
    texts = refused(replace(state, device=state.device.with_netdev(interface)), desired_pf(num_vfs=2))
    assert texts == [
        f"cannot create 2 VFs{ON}an XDP program is attached, and ixgbe has XDP or VFs, not both. Remedy: take "
        "the queues for AF_XDP back first (module xsk_queue, state: absent)."
    ]
