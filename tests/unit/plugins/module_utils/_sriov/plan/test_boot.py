# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned that a host has what shall run at its boots, row by row."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    NotReached,
    SriovError,
    WouldDestroy,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.boot import (
    NETWORKD,
    UDEV,
    UNITS,
    Generation,
    Installed,
    There,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.boot_texts import (
    LINKS,
    OURS,
    TIMER_LINK,
    TIMER_PATH,
    UNIT_LINK,
    UNIT_PATH,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.boot import (
    absent,
    check_rollback,
    marked,
    present,
)

UNIT, RULES, NETWORK = f"unit of {OURS}", f"rules of {OURS}", f"network of {OURS}"
MARK, FILE = "/etc/udev/rules.d/60-x.rules", "/etc/systemd/network/05-x.network"
FILES = {UNIT_PATH: UNIT, MARK: RULES, FILE: NETWORK}
NEW = Generation("new", {"desired.json": "{}", **{f"files{path}": text for path, text in FILES.items()}})
ALL = There(networkd=True, udev=True)
G = "/usr/local/lib/kernel-bypass-sriov"
# All that is wanted is there.
DONE = Installed(
    generations=("new", "old"),
    current="new",
    previous="old",
    whole=True,
    texts={**FILES, TIMER_PATH: None},
    links={UNIT_LINK: UNIT_PATH, TIMER_LINK: None},
)
BEFORE = DONE._replace(generations=("old", "older"), current="old", previous="older", whole=False)
NOTHING = Installed(texts=dict.fromkeys(DONE.texts), links=dict.fromkeys(LINKS))
TOLD = {
    UNITS: "let systemd read its units again (systemctl daemon-reload)",
    UDEV: "let udev read its rules again, and look at the VFs' interfaces (udevadm control --reload, udevadm trigger)",
    NETWORKD: "let systemd-networkd read its files again (networkctl reload)",
}
TURNED = [f"link {G}/previous to generations/old", f"link {G}/current to generations/new"]
GONE = f"remove {G}/generations/older (neither current nor previous)"
WRITTEN = f"write {G}/generations/new (4 files: what runs at boot)"


def sentences(steps):
    return [str(step) for step in steps]


@pytest.mark.parametrize(
    ("installed", "there", "steps"),
    [
        pytest.param(DONE, ALL, [], id="all is there"),
        pytest.param(
            NOTHING,
            ALL,
            [
                *(WRITTEN, f"write {UNIT_PATH}", f"write {MARK}", f"write {FILE}", f"link {UNIT_LINK} to {UNIT_PATH}"),
                *TOLD.values(),
                TURNED[1],
            ],
            id="nothing is there",
        ),
        pytest.param(BEFORE, ALL, [WRITTEN, *TURNED, GONE], id="another generation, the same files elsewhere"),
        pytest.param(
            BEFORE._replace(generations=("new", "old", "older"), whole=True),
            ALL,
            [*TURNED, GONE],
            id="killed before it",
        ),
        pytest.param(
            BEFORE._replace(generations=("new", "old"), previous="old", whole=True),
            ALL,
            [TURNED[1]],
            id="killed between the two links",
        ),
        pytest.param(
            DONE._replace(generations=(".new.new", ".old.old", "new", "old")),
            ALL,
            [
                f"remove {G}/generations/.new.new (a run that was killed has left it)",
                f"remove {G}/generations/.old.old (a run that was killed has left it)",
            ],
            id="leftovers",
        ),
        pytest.param(
            DONE._replace(whole=False),
            ALL,
            [f"write again {G}/generations/new (4 files: it is damaged, or is for another Python)"],
            id="damaged",
        ),
        pytest.param(
            BEFORE._replace(current="gone", whole=True, generations=("new",), previous=None),
            ALL,
            [TURNED[1]],
            id="the current one is gone: nothing to go back to",
        ),
        pytest.param(DONE._replace(stale=True), ALL, [TOLD[UNITS]], id="systemd has an older text"),
        pytest.param(DONE._replace(due=(UNITS, UDEV, NETWORKD)), ALL, [*TOLD.values()], id="nobody was told"),
        pytest.param(DONE._replace(due=(UDEV, NETWORKD)), There(), [], id="nobody is there to be told"),
        pytest.param(
            DONE._replace(texts={**DONE.texts, MARK: f"others of {OURS}"}),
            ALL,
            [f"write {MARK}", TOLD[UDEV]],
            id="another rule",
        ),
        pytest.param(
            DONE._replace(texts={**DONE.texts, FILE: None}), There(udev=True), [f"write {FILE}"], id="no networkd"
        ),
        pytest.param(
            DONE._replace(links={**DONE.links, UNIT_LINK: "../kernel-bypass-sriov.service"}), ALL, [], id="another way"
        ),
        pytest.param(
            DONE._replace(links={**DONE.links, UNIT_LINK: "/dev/null"}),
            ALL,
            [f"link {UNIT_LINK} to {UNIT_PATH}"],
            id="a link to something else",
        ),
        pytest.param(
            DONE._replace(texts={**DONE.texts, TIMER_PATH: f"timer of {OURS}"}, links={**DONE.links, TIMER_LINK: "x"}),
            ALL._replace(timer=True),
            [
                *(f"remove {TIMER_PATH}", f"remove {TIMER_LINK}", "stop kernel-bypass-sriov-check.timer"),
                TOLD[UNITS],
            ],
            id="a timer that is not wanted any more",
        ),
    ],
)
def test_present(installed, there, steps):
    assert sentences(present(installed, NEW, there)) == steps


def test_what_is_current_is_turned_before_anything_is_removed_and_after_all_is_written():
    steps = sentences(present(BEFORE, NEW, ALL))
    assert steps.index(WRITTEN) < steps.index(TURNED[0]) < steps.index(TURNED[1]) < steps.index(GONE)


def test_what_is_not_ours_is_told_all_at_once():
    strange = DONE._replace(texts={**DONE.texts, MARK: "another", UNIT_PATH: ""})
    with pytest.raises(SriovError) as told:
        present(strange, NEW, ALL)
    assert [each.kind for each in told.value.each()] == [WouldDestroy.kind] * 2 and "systemctl unmask" in str(
        told.value
    )


@pytest.mark.parametrize(
    ("installed", "marks", "steps"),
    [
        ({MARK: None, FILE: None}, {MARK: RULES, FILE: NETWORK}, [f"write {MARK}", f"write {FILE}"]),
        ({MARK: RULES, FILE: NETWORK}, {MARK: RULES, FILE: NETWORK}, []),
        ({MARK: RULES, FILE: NETWORK}, {}, [f"remove {MARK}", f"remove {FILE}"]),
    ],
)
def test_marked(installed, marks, steps):
    told = [TOLD[UDEV], TOLD[NETWORKD]] if steps else []
    assert sentences(marked(Installed(texts=installed), marks, ALL)) == steps + told


def test_absent():
    steps = sentences(absent(DONE, ALL._replace(timer=True), True, ["/run/kernel-bypass-sriov/result.json"]))
    assert steps == [
        f"remove {UNIT_LINK}",
        "stop kernel-bypass-sriov-check.timer",
        *(f"remove {path}" for path in FILES),
        *TOLD.values(),
        "remove /run/kernel-bypass-sriov/result.json",
        f"remove {G} (what ran at boot)",
    ]
    assert absent(NOTHING, ALL, False, []) == []


@pytest.mark.parametrize(("current", "previous"), [("new", None), (None, None), ("new", "new")])
def test_nothing_to_go_back_to(current, previous):
    with pytest.raises(NotReached, match="there is no generation to go back to"):
        check_rollback(Installed(current=current, previous=previous))


@pytest.mark.parametrize(
    ("generations", "previous", "found"),
    [
        (("aa", "bb"), "aa", "bb"),
        ((".new", "aa", "bb"), "aa", "bb"),
        (("aa", "bb", "cc"), "aa", None),  # a run to a new generation was killed: which was before is not known
        (("aa", "bb"), None, None),  # never current: the first change of what is installed was killed
        (("aa",), "aa", None),
    ],
)
def test_a_rollback_that_was_killed_between_its_links_is_known(generations, previous, found):
    installed = Installed(generations=generations, current="aa", previous=previous)
    if found:
        assert check_rollback(installed) == found
    else:
        with pytest.raises(NotReached):
            check_rollback(installed)
