# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program at a terminal of its own: the shell stands for it."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.conversation import Conversation, Ended

SECONDS = 20.0


@pytest.fixture
def shell():
    talk = Conversation(["sh", "-c", "stty -echo; echo ready; while read line; do echo told: $line; done; echo over"])
    talk.until("ready\n", seconds=SECONDS)
    yield talk
    talk.close()


def test_what_it_prints_comes_line_by_line_and_once(shell):
    shell.say("one")
    assert shell.until("told: one\n", seconds=SECONDS) == "told: one\n"
    shell.say("two")
    shell.say("three")
    assert shell.until("two", "three\n", seconds=SECONDS) == "told: two\ntold: three\n"


def test_words_are_waited_for_one_after_the_other(shell):
    shell.say("b a")
    with pytest.raises(Ended) as ended:
        shell.until("a", "b", seconds=0.5)
    assert ended.value.said == "told: b a\n"


def test_one_that_ends_says_what_it_has_said():
    talk = Conversation(["sh", "-c", "echo no port; exit 3"])
    with pytest.raises(Ended) as ended:
        talk.until("testpmd>", seconds=SECONDS)
    assert "no port" in ended.value.said
    talk.close()


def test_it_ends_when_nobody_talks_to_it_any_more():
    talk = Conversation(["sh", "-c", "echo ready; cat"])
    talk.until("ready", seconds=SECONDS)
    begun = time.monotonic()
    talk.close()
    assert time.monotonic() - begun < SECONDS


def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(OSError):
        Conversation(["no-such-program-of-ours"])
