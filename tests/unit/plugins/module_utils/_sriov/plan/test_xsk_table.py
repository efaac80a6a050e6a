# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which RSS table queues for AF_XDP imply, and which one comes back without them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import Record
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import DesiredXsk
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.xsk_table import apart, with_table_apart
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import PF, desired_pf, ixgbe

SIZE = 128
OWN = (0, 1, 2, 3) * 32
WITHOUT_1 = (0,) * 42 + (2,) * 43 + (3,) * 43
WITHOUT_1_2 = (0,) * 64 + (3,) * 64
THEIRS = (0, 1) * 64
THEIRS_WITHOUT_1 = (0,) * SIZE


def record(**more):
    return Record(PF, None, 0, True, **more)


def nic(table=OWN):
    return ixgbe(combined_channels=4, online_cpus=4, table=table)


def implied(table, queues=(), remembered=None, dropped=True, absent=False):
    """Verb and numbers; nothing where the table is left to the stages that know no AF_XDP.

    :param dropped: the driver has written its own table since.
    """
    before = nic(table)
    now = nic() if dropped else before
    found = with_table_apart(before, now, desired_pf(xsk=DesiredXsk(queues, absent=absent)), remembered)
    return (found.rss.verb, found.rss.numbers) if found.rss else ()


@pytest.mark.parametrize(
    ("table", "queues", "remembered", "wanted"),
    [
        pytest.param(OWN, (1,), None, ("apart", WITHOUT_1), id="of the driver's"),
        pytest.param(OWN, (1, 2), None, ("apart", WITHOUT_1_2), id="two queues"),
        pytest.param(THEIRS, (1,), None, ("apart", THEIRS_WITHOUT_1), id="of somebody's"),
        pytest.param(THEIRS, (2,), None, (), id="somebody's has no share for it"),
        pytest.param(WITHOUT_1, (1,), record(apart=WITHOUT_1), (), id="it is there"),
        pytest.param(WITHOUT_1, (1, 2), record(apart=WITHOUT_1), ("apart", WITHOUT_1_2), id="one more queue"),
        pytest.param(WITHOUT_1_2, (1,), record(apart=WITHOUT_1_2), ("apart", WITHOUT_1), id="one less"),
        pytest.param(WITHOUT_1, (), None, (), id="no queue is named, as on a way back"),
        pytest.param(
            THEIRS_WITHOUT_1,
            (0,),
            record(apart=THEIRS_WITHOUT_1, apart_of=THEIRS),
            ("apart", (1,) * SIZE),
            id="another queue, of what somebody had set",
        ),
    ],
)
@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "kept"])
def test_what_queues_imply(table, queues, remembered, wanted, dropped):
    assert implied(table, queues, remembered, dropped) == wanted


@pytest.mark.parametrize(
    ("table", "remembered", "wanted"),
    [
        pytest.param(OWN, None, (), id="the driver's"),
        pytest.param(THEIRS, None, (), id="somebody's"),
        pytest.param(WITHOUT_1, record(), (), id="somebody has made one that is alike"),
        pytest.param(WITHOUT_1, record(apart=WITHOUT_1), ("default", ()), id="made of the driver's"),
        pytest.param(
            THEIRS_WITHOUT_1,
            record(apart=THEIRS_WITHOUT_1, apart_of=THEIRS),
            ("table", THEIRS),
            id="made of somebody's",
        ),
        pytest.param(THEIRS, record(apart=WITHOUT_1), (), id="somebody has set another since then"),
        pytest.param(
            WITHOUT_1,
            record(apart=WITHOUT_1, apart_of=(7,) * SIZE),
            ("default", ()),
            id="made of one that cannot be now",
        ),
    ],
)
@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "kept"])
def test_what_comes_back(table, remembered, wanted, dropped):
    assert implied(table, (), remembered, dropped, absent=True) == wanted


def test_a_table_that_is_asked_for_is_left_alone():
    from_request = desired_pf(xsk=DesiredXsk((1,)), rss=None)
    named = from_request._replace(rss=DesiredRss(verb="equal", numbers=(4,)))
    assert with_table_apart(nic(), nic(), named, None) is named


@pytest.mark.parametrize(
    ("table", "queues", "by_hand", "found"),
    [
        ((0, 1, 0, 1), (1,), False, (0, 0, 0, 0)),
        ((0, 1, 2, 0), (0,), True, (1, 1, 2, 2)),
        ((0, 0, 0, 0), (0,), True, None),
        ((0, 1, 0, 1), (0, 1), False, None),
    ],
)
def test_a_table_without_queues(table, queues, by_hand, found):
    assert apart(table, 2 if not by_hand else 3, queues, by_hand) == found
