# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands that are run: where they are looked for, and what comes back."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.commands import NO_SUCH_COMMAND, run

SHELL = "/bin/sh"


@pytest.mark.parametrize(
    ("path", "searched"),
    [("/opt/bin:/bin", "/opt/bin:/bin:/usr/sbin:/sbin"), (None, "/usr/bin:/bin:/usr/sbin:/sbin")],
    ids=["the user's", "none: sshd may start us without"],
)
def test_the_system_s_own_directories_are_always_searched(monkeypatch, path, searched):
    monkeypatch.delenv("PATH")
    if path:
        monkeypatch.setenv("PATH", path)
    assert run([SHELL, "-c", 'echo "$PATH"']) == (0, f"{searched}\n", "")


def test_words_are_those_of_the_c_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run([SHELL, "-c", 'echo "$LC_ALL"'])[1] == "C\n"


def test_status_output_and_errors_come_back_and_input_goes_in():
    assert run([SHELL, "-c", "cat; echo no >&2; exit 3"], "lines\n") == (3, "lines\n", "no\n")


def test_bytes_that_are_no_text_do_no_harm():
    assert run([SHELL, "-c", r"printf '\377'"]) == (0, "\ufffd", "")


def test_a_command_that_is_not_there_has_the_status_that_a_shell_gives_it():
    status, output, errors = run(["no-such-command-anywhere"])
    assert (status, output) == (NO_SUCH_COMMAND, "") == (127, "")
    assert "no-such-command-anywhere" in errors


def test_a_command_that_prints_without_end_is_ended():
    status, output, errors = run([SHELL, "-c", "yes"])
    assert (status, output, errors) == (1, "", "it printed more than 64 MiB")


def test_more_input_than_a_pipe_takes_goes_in_while_output_comes():
    text = "x" * 70 + "\n"
    assert run([SHELL, "-c", "cat; cat >&2 /dev/null"], text * 5000) == (0, text * 5000, "")
