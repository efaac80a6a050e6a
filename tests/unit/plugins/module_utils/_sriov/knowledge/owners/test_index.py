# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of owner is in the documentation, says what to do, and has a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.owners.index import DAEMONS, KINDS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import SETTINGS

DOCS = (Path(__file__).parents[7] / "docs" / "owners.md").read_text(encoding="utf-8").replace("`", "")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.who}, {kind.places[0].pattern}")
def test_a_kind(kind):
    rows = [line for line in DOCS.splitlines() if line.startswith("|")]
    first = kind.who.replace("netplan's YAML", "netplan").replace("the SR-IOV agent of OpenStack Neutron", "Neutron's")
    assert any(row.startswith(f"| {first}") for row in rows)
    assert kind.remedy and not kind.remedy.endswith(".")
    assert all(place.folders and place.pattern for place in kind.places)


def test_daemons_are_named_too():
    assert all(word in DOCS for word in ("LXD", "Incus", "Kubernetes"))
    assert len(DAEMONS) == 2


def test_folders_of_settings_are_all_or_one():
    """A kind that names some of /etc, /run, /usr/lib by itself would miss a mask in one of the others."""
    for place in (place for kind in KINDS for place in kind.places if len(place.folders) > 1):
        roots = [next((root for root in SETTINGS if folder.startswith(f"{root}/")), "") for folder in place.folders]
        own = place.folders[0].startswith(("/run/systemd/generator", "/etc/sriov-operator"))
        assert own or tuple(roots) == SETTINGS, place
