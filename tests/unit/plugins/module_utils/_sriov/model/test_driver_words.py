# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words that people write for a driver."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.bypass_drivers import BYPASS_DRIVERS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import DRIVERS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import NO_DRIVER_NAMES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.driver_words import WORDS, right_word


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("vfio", "vfio-pci"),
        ("vfio_pci", "vfio-pci"),
        ("VFIO-PCI", "vfio-pci"),
        ("dpdk", "vfio-pci"),
        ("DPDK", "vfio-pci"),
        ("uio", "uio_pci_generic"),
        ("uio-pci-generic", "uio_pci_generic"),
        ("igb-uio", "igb_uio"),
        ("kernel", "default"),
        ("Default", "default"),
        ("unbound", "none"),
        ("off", "none"),
        ("no", "none"),
        ("False", "none"),
        ("None", "none"),
    ],
)
def test_a_word_that_people_write_leads_to_the_right_one(written, word):
    assert right_word(written) == word


@pytest.mark.parametrize("name", [*BYPASS_DRIVERS, *NO_DRIVER_NAMES, "ixgbevf", "vfio_pi", "mlx5_core", ""])
def test_what_is_right_or_not_known_has_no_other_word(name):
    assert right_word(name) is None


def test_no_driver_that_we_know_is_taken_for_another():
    assert not set(DRIVERS) & set(WORDS)


def test_every_word_leads_to_what_is_taken():
    assert set(WORDS.values()) == {*BYPASS_DRIVERS, *NO_DRIVER_NAMES}
