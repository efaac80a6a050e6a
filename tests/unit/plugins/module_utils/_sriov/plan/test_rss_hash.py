# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RSS hash as tables: PF, desired, sentences. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, NotSupported
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    desired_pf,
    ixgbe,
    pf,
    planned,
    refusals,
    sentences,
    x550,
)

SD, SDFN = 0x30, 0xF0
FIELDS = {"tcp4": SDFN, "udp4": SD, "sctp4": SD}
KEY, SYMMETRIC = ":".join(["01"] * 40), ":".join(["6d:5a"] * 20)
ON = f" on {LABEL}: "
FRAGMENTS = (
    "fragments of UDP packets have no ports: with the hash fields of udp4 they come to another queue of "
    f"{LABEL} than whole packets of their flow, out of order"
)


def told(state, fields=None, **rss):
    """A PF whose driver tells its hash."""
    seen = state.queues.rss._replace(**{"key": KEY, "hash_function": "toeplitz", **rss})
    queues = state.queues._replace(rss=seen, hash_fields=FIELDS if fields is None else fields)
    return replace(state, queues=queues)


def i82599(num_vfs=0, **rss):
    return told(ixgbe(num_vfs, combined_channels=4, online_cpus=16), **rss)


def igb(**rss):
    return told(pf(combined_channels=4), **{"key": "", **rss})


def mlx5(**rss):
    return told(pf(driver="mlx5_core", vendor="15b3", device="1017", combined_channels=4), **rss)


def wants(key=None, function=None, **fields):
    return desired_pf(rss=DesiredRss(hash=Hash(key, function, fields)))


def set_hash(words):
    return f"set the RSS hash of {LABEL}: {words}"


@pytest.mark.parametrize(
    ("state", "desired", "words"),
    [
        pytest.param(i82599(), wants(), None, id="nothing"),
        pytest.param(i82599(), wants(KEY, "toeplitz", tcp4=SDFN, udp4=SD), None, id="as it is"),
        pytest.param(i82599(), wants(SYMMETRIC), f"key {SYMMETRIC} (was {KEY})", id="key"),
        pytest.param(i82599(), wants(udp4=SDFN), "fields of udp4 sdfn (was sd)", id="fields"),
        pytest.param(
            i82599(),
            wants(SYMMETRIC, "toeplitz", tcp4=SDFN, udp4=SDFN),
            f"key {SYMMETRIC} (was {KEY}), fields of udp4 sdfn (was sd)",
            id="what differs",
        ),
        pytest.param(mlx5(), wants(function="xor"), "function xor (was toeplitz)", id="function"),
        pytest.param(mlx5(), wants(tcp4=0x10), "fields of tcp4 s (was sdfn)", id="fields of a driver unknown"),
        pytest.param(mlx5(fields={"udp4": 0}), wants(udp4=SD), "fields of udp4 sd (was none)", id="nothing was hashed"),
        pytest.param(igb(), wants(function="toeplitz", tcp4=SDFN), None, id="igb as it is"),
    ],
)
def test_the_hash(state, desired, words):
    assert sentences(state, desired) == ([set_hash(words)] if words else [])


@pytest.mark.parametrize("desired", [wants(SYMMETRIC, udp4=SDFN), wants(tcp4=SDFN, udp4=SDFN)])
def test_the_prediction_is_as_desired(desired):
    after = planned(i82599(4), desired).after
    assert planned(after, desired).plan.steps == ()
    assert after.pfs[PF].queues.hash_fields["udp4"] == SDFN
    assert after.pfs[PF].queues.rss.table == i82599(4).queues.rss.table


@pytest.mark.parametrize(
    ("state", "desired", "warnings"),
    [
        pytest.param(i82599(), wants(SYMMETRIC), [], id="of one's own"),
        pytest.param(i82599(), wants(udp4=SDFN), [FRAGMENTS], id="fragments"),
        pytest.param(i82599(fields={"udp4": SDFN}), wants(udp4=SD), [], id="no ports any more"),
        pytest.param(
            i82599(4),
            wants(SYMMETRIC),
            [f"the RSS hash of {LABEL} is shared: its 4 VFs spread their frames by the same one"],
            id="shared with VFs",
        ),
        pytest.param(
            told(x550(4, combined_channels=4, online_cpus=16)),
            wants(SYMMETRIC),
            [
                f"ixgbe takes the hash key of {LABEL} and does not write it to its pools, which count beside 4 "
                "VFs: look whether frames follow it"
            ],
            id="X550 beside VFs",
        ),
        pytest.param(
            told(x550(4, combined_channels=4, online_cpus=16)), wants(udp4=SDFN), [FRAGMENTS], id="its fields it writes"
        ),
        pytest.param(i82599(4), wants(KEY), [], id="nothing to do, nothing to say"),
    ],
)
def test_what_is_said_beside_it(state, desired, warnings):
    assert list(planned(state, desired).plan.warnings) == warnings


@pytest.mark.parametrize(
    ("state", "desired", "kind", "message"),
    [
        pytest.param(
            i82599(),
            wants("6d:5a"),
            InvalidRequest,
            f"hash_key: 2 bytes{ON}the key of driver ixgbe has 40. Remedy: give 40.",
            id="a key that is too short",
        ),
        pytest.param(
            i82599(),
            wants("6d"),
            InvalidRequest,
            f"hash_key: 1 byte{ON}the key of driver ixgbe has 40. Remedy: give 40.",
            id="one byte",
        ),
        pytest.param(
            igb(),
            wants(SYMMETRIC),
            NotSupported,
            f"hash_key: cannot be set{ON}driver igb tells no key. Remedy: leave out hash_key.",
            id="igb has no key to be seen",
        ),
        pytest.param(
            igb(key=KEY),
            wants(SYMMETRIC),
            NotSupported,
            f"hash_key: cannot be set{ON}driver igb keeps its own. Remedy: leave out hash_key.",
            id="and would let nobody set it",
        ),
        pytest.param(
            i82599(),
            wants(function="xor"),
            NotSupported,
            f"hash_function: cannot be xor{ON}driver ixgbe has toeplitz. Remedy: leave out hash_function.",
            id="ixgbe has one function",
        ),
        pytest.param(
            mlx5(hash_function=None),
            wants(function="xor"),
            NotSupported,
            f"hash_function: cannot be xor{ON}driver mlx5_core does not tell its hash function. Remedy: leave out "
            "hash_function.",
            id="a function that is not told",
        ),
        pytest.param(
            i82599(),
            wants(tcp4=SD),
            NotSupported,
            f"hash_fields.tcp4: cannot be sd{ON}driver ixgbe takes sdfn for tcp4. Remedy: give that.",
            id="ixgbe hashes TCP by its ports",
        ),
        pytest.param(
            i82599(),
            wants(udp4=0x50),
            NotSupported,
            f"hash_fields.udp4: cannot be sf{ON}driver ixgbe takes sd or sdfn for udp4. Remedy: give one of them.",
            id="ixgbe hashes UDP by both ports or none",
        ),
        pytest.param(
            mlx5(fields={}),
            wants(udp4=SD),
            NotSupported,
            f"hash_fields.udp4: cannot be set{ON}driver mlx5_core does not tell which fields of udp4 it hashes. "
            "Remedy: leave out udp4.",
            id="fields that are not told",
        ),
    ],
)
def test_what_a_driver_does_not_take_is_refused(state, desired, kind, message):
    (refused,) = refusals(state, desired)
    assert (type(refused), str(refused)) == (kind, message)


def test_all_that_is_refused_of_a_hash_is_told_together():
    told_ = refusals(i82599(), wants("6d:5a", "xor", tcp4=SD, udp4=0x50))
    assert [str(each).partition(" on ")[0] for each in told_] == [
        "hash_key: 2 bytes",
        "hash_function: cannot be xor",
        "hash_fields.tcp4: cannot be sd",
        "hash_fields.udp4: cannot be sf",
    ]
