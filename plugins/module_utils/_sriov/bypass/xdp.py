# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""AF_XDP on an RX queue of the PF, the bifurcated way, in its three modes. Pure."""

from __future__ import annotations

import typing as t
from shlex import quote

from ..knowledge import index
from ..knowledge.queues import present_rss
from .facts import Evidence, has_interface, has_rules, knowledge, management_price, option, row

if t.TYPE_CHECKING:
    from ..knowledge.driver import Xdp
    from ..model.bypass import BypassFacts
    from .facts import Technique

NATIVE = ("basic", "redirect")  # what a driver must have to run a program that redirects to a socket
ZERO_COPY = (*NATIVE, "xsk-zerocopy")


def af_xdp(facts: BypassFacts) -> tuple[Technique, ...]:
    """Best mode first."""
    return (
        _af_xdp(facts, "AF_XDP zero-copy", [_in_driver(facts, ZERO_COPY), *_allowed(facts)], ""),
        _af_xdp(facts, "AF_XDP native", [_in_driver(facts, NATIVE), *_allowed(facts)], "a copy per packet"),
        _af_xdp(
            facts,
            "AF_XDP generic",
            [],
            "the kernel builds a socket buffer for every packet first, and copies it: no faster than its own path",
        ),
    )


def _af_xdp(facts: BypassFacts, name: str, driver: list[Evidence], cost: str) -> Technique:
    """One mode.

    :param driver: what the mode needs of the driver; empty: nothing, and so attaching resets nothing.
    :param cost: what the mode costs per packet.
    """
    kernel = facts.kernel
    common = [option(kernel, "CONFIG_XDP_SOCKETS", protocol="XDP")]
    if kernel.config_file is not None:
        common.append(option(kernel, "CONFIG_BPF_SYSCALL"))
    price = [
        cost,
        _queue_price(facts),
        _steering_price(facts),
        "attaching the program resets the queues, and with most drivers the link" if driver else "",
        _panic_price(facts) if driver else "",
        f"{facts.name} has an XDP program already: it must go, or let others in (libxdp)" if facts.xdp_attached else "",
        management_price(facts, "the connection stands still meanwhile") if driver or _ntuple_resets(facts) else "",
    ]
    return row(name, [has_interface(facts), *driver, *common], kernel_loses_nic=False, price=price)


def _in_driver(facts: BypassFacts, needed: tuple[str, ...]) -> Evidence:
    """By the kernel's word where it has one, by the table where not."""
    features = facts.xdp_features
    if features is None:
        return _by_table(facts, zero_copy=needed == ZERO_COPY)
    missing = [name for name in needed if name not in features]
    listed = ", ".join(sorted(features)) or "no XDP feature"
    but = f", not {' and '.join(missing)}" if missing and features else ""
    return Evidence(not missing, f"the kernel lists {listed} for {facts.name}{but} (netlink family netdev)")


def _by_table(facts: BypassFacts, zero_copy: bool) -> Evidence:
    kernel = ".".join(map(str, facts.kernel.version))
    known = index.driver(facts.driver, facts.pf.device.vendor, facts.pf.device.device).xdp
    if known is None:
        return Evidence(False, f"kernel {kernel} cannot tell, and the table of drivers does not know {facts.driver}")
    since = known.zero_copy if zero_copy else known.native
    what = "AF_XDP zero-copy" if zero_copy else "native XDP"
    has = f"has {what} from kernel.org's {since[0]}.{since[1]} on" if since else f"has no {what}"
    doubt = ", but this one is not the kernel's own" if facts.driver_out_of_tree else ""
    words = f"kernel {kernel} cannot tell; by the table of drivers {facts.driver} {has} ({known.source}){doubt}"
    return Evidence(since is not None and facts.kernel.version >= since, words)


def _allowed(facts: BypassFacts) -> list[Evidence]:
    """What the driver refuses a program for although it has XDP: no kernel tells, each is EINVAL."""
    known = index.driver(facts.driver, facts.pf.device.vendor, facts.pf.device.device).xdp
    if known is None:
        return []
    netdev = facts.pf.device.netdev
    num_tc, mtu = (netdev.num_tc, netdev.mtu) if netdev else (0, 0)
    refusals = {
        f"while there are VFs, and there {'is 1' if facts.pf.num_vfs == 1 else f'are {facts.pf.num_vfs}'}": (
            facts.pf.num_vfs and knowledge(facts).xdp_excludes_vfs
        ),
        f"with traffic classes, and there are {num_tc}": known.refuses_classes and num_tc > 1,
        "while large-receive-offload is on": known.refuses_lro and facts.lro,
        **dict.fromkeys(_too_many_cpus(facts, known), True),
        f"with an MTU above {known.max_mtu}, and it is {mtu}": known.max_mtu and mtu > known.max_mtu,
    }
    return [
        Evidence(False, f"{facts.driver} refuses XDP {words} ({known.source})")
        for words, holds in refusals.items()
        if holds
    ]


def _too_many_cpus(facts: BypassFacts, known: Xdp) -> t.Iterator[str]:
    """A limit that later kernels do not have may be gone from this one, if it is a distribution's."""
    cpus = facts.pf.online_cpus
    for kernels, most in known.max_cpus:
        if kernels.has(facts.kernel.version) and cpus > most:
            release = f" {kernels} of kernel.org, if no backport has changed it" if kernels.before else ""
            yield f"with more than {most} CPUs{release}, and there are {cpus}"


def _panic_price(facts: BypassFacts) -> str:
    known = knowledge(facts).xdp
    for kernels, most in known.panics_above if known else ():
        if kernels.has(facts.kernel.version) and facts.pf.online_cpus > most:
            return (
                f"with more than {most} CPUs, and there are {facts.pf.online_cpus}, a program that sends is the end of "
                f"kernels {kernels} of kernel.org, unless it was mended in this one"
            )
    return ""


def _queue_price(facts: BypassFacts) -> str:
    """What of the PF's queues is the socket's; without flow rules there is no choosing one."""
    group, channels = present_rss(facts.pf), facts.pf.rx_queues
    if has_rules(facts) is False:
        which = f"each of {group} RX queues" if group else "every RX queue"
        return f"a socket on {which}: {facts.name} has no ntuple rules, the hash picks the queue"
    if group is None:
        return "one RX queue leaves the RSS group"
    if channels is not None and channels > group:
        return f"one RX queue of {group} to {channels - 1}, which are outside the RSS group of {group} anyway"
    if group == 1:
        return "the only RX queue: every packet of the kernel passes the program first"
    return f"one RX queue leaves the RSS group, which falls from {group} queues to {group - 1}"


def _steering_price(facts: BypassFacts) -> str:
    if has_rules(facts) is False:
        return ""
    if not knowledge(facts).ntuple_needed:
        return "flows are steered to it by ntuple rules"
    if facts.ntuple_on:
        return "flows are steered to it by ntuple rules (ntuple is on)"
    if facts.ntuple_supported is None:
        return "whether ntuple rules can steer flows to it is not known"
    resets = ", which resets the link" if _ntuple_resets(facts) else ""
    return (
        f"flows are steered to it by ntuple rules, and ntuple is off: ethtool -K {quote(facts.name)} ntuple on{resets}"
    )


def _ntuple_resets(facts: BypassFacts) -> bool:
    return bool(facts.ntuple_supported and not facts.ntuple_on and knowledge(facts).ntuple_resets)
