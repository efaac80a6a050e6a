# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of a list of VFs for properties: overlapping, nested, in any order, with words that do not go together."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredVfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from hypothesis import strategies as st

MOST = 8  # the last VF that is named by a number

_pairs = st.tuples(st.integers(0, MOST), st.integers(0, MOST)).map(sorted)
_parts = st.integers(0, MOST).map(str) | _pairs.map("{0[0]}-{0[1]}".format)
selectors = (st.just("all") | st.lists(_parts, min_size=1, max_size=3).map(",".join)).map(parse_selector)
words = st.fixed_dictionaries(
    {},
    optional={
        "vlan": st.sampled_from((None, 0, 7)),
        "qos": st.sampled_from((None, 0, 3)),
        "vlan_proto": st.sampled_from((None, "802.1Q", "802.1ad")),
        "trust": st.sampled_from((None, False, True)),
        "min_tx_rate": st.sampled_from((None, 0, 5, 50)),
        "max_tx_rate": st.sampled_from((None, 0, 10)),
        "mtu": st.sampled_from((None, 1500)),
        "driver": st.sampled_from((None, "vfio-pci", "default")),
        "no_iommu": st.sampled_from((None, False, True)),
        "group": st.sampled_from((None, "dpdk")),
        "mode": st.sampled_from((None, 0o660)),
    },
)
desired_entries = st.lists(st.tuples(selectors, words), max_size=4).map(
    lambda pairs: [DesiredVfs(vf, said, f"vfs[{number}]") for number, (vf, said) in enumerate(pairs)]
)
