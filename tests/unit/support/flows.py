# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules for properties: every flow type, every field that it has, every mask, every kind of action."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    WAKE,
    encode_action,
    flow_rule,
)
from hypothesis import strategies as st

# Sizes in bits, from the structures in include/uapi/linux/ethtool.h.
IP4 = {"src_ip": 32, "dst_ip": 32}
IP6 = {"src_ip": 128, "dst_ip": 128}
PORTS = {"src_port": 16, "dst_port": 16}
TAIL4 = {"tos": 8, "dst_mac": 48}
TAIL6 = {"tclass": 8, "dst_mac": 48}
EXTENSION = {"vlan_etype": 16, "vlan": 16, "user_def": 64}
FIELDS = {
    **{name: {**IP4, **PORTS, **TAIL4, **EXTENSION} for name in ("tcp4", "udp4", "sctp4")},
    **{name: {**IP6, **PORTS, **TAIL6, **EXTENSION} for name in ("tcp6", "udp6", "sctp6")},
    **{name: {**IP4, "spi": 32, **TAIL4, **EXTENSION} for name in ("ah4", "esp4")},
    **{name: {**IP6, "spi": 32, **TAIL6, **EXTENSION} for name in ("ah6", "esp6")},
    "ip4": {**IP4, "l4_bytes": 32, "proto": 8, **TAIL4, **EXTENSION},
    "ip6": {**IP6, "l4_bytes": 32, "proto": 8, **TAIL6, **EXTENSION},
    "ether": {"src_mac": 48, "dst_mac": 48, "ether_type": 16, **EXTENSION},
}


def numbers(bits):
    """Any number of so many bits, the ends more often than chance has them."""
    most = (1 << bits) - 1
    return st.sampled_from((0, 1, most)) | st.integers(0, most)


def masks(bits):
    """Mostly all bits, as an option without a mask means."""
    most = (1 << bits) - 1
    return st.just(most) | st.just(most) | st.integers(0, most)


queues = st.integers(0, 3) | numbers(32)
vf_actions = st.builds(encode_action, st.integers(0, 254), queues)
actions = st.builds(encode_action, st.none(), queues) | vf_actions | st.sampled_from((DROP, WAKE))
places = st.integers(0, 2045) | numbers(31)


@st.composite
def rules(draw, cookies=actions, locations=places, flow_types=tuple(FIELDS)):
    """A rule as flow_rule() makes it."""
    flow_type = draw(st.sampled_from(flow_types))
    names = draw(st.sets(st.sampled_from(sorted(FIELDS[flow_type])), max_size=6))
    fields = {}
    for name in sorted(names):
        bits = FIELDS[flow_type][name]
        fields[name] = (draw(numbers(bits)), draw(masks(bits)))
    return flow_rule(flow_type, fields, draw(cookies), draw(locations))
