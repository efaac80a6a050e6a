# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands that are run: where they are looked for, and what comes back."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.commands import (
    NO_SUCH_COMMAND,
    NOT_STARTED,
    run,
)

SHELL = "/bin/sh"


SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


def test_programs_are_those_of_the_system_whatever_the_caller_s_path(monkeypatch, tmp_path):
    planted = tmp_path / "ip"
    planted.write_text("#!/bin/sh\necho planted\n")
    planted.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "planted" not in run(["ip", "-V"])[1]
    assert run(["sh", "-c", 'echo "$PATH"']) == (0, f"{SYSTEM}\n", "")
    monkeypatch.delenv("PATH")
    assert run(["sh", "-c", 'echo "$PATH"']) == (0, f"{SYSTEM}\n", "")


def test_nothing_of_the_caller_s_environment_changes_what_a_program_does(monkeypatch):
    for name in ("LD_LIBRARY_PATH", "MODPROBE_OPTIONS", "ENV", "SSH_CONNECTION"):
        monkeypatch.setenv(name, "x")
    assert sorted(run(["/usr/bin/env"])[1].splitlines()) == ["HOME=/", "LC_ALL=C", f"PATH={SYSTEM}"]


def test_words_are_those_of_the_c_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run([SHELL, "-c", 'echo "$LC_ALL"'])[1] == "C\n"


def test_status_output_and_errors_come_back_and_input_goes_in():
    assert run([SHELL, "-c", "cat; echo no >&2; exit 3"], "lines\n") == (3, "lines\n", "no\n")


def test_bytes_that_are_no_text_do_no_harm():
    assert run([SHELL, "-c", r"printf '\377'"]) == (0, "\ufffd", "")


def test_a_command_that_is_not_there_has_the_status_that_a_shell_gives_it():
    said = "there is no program 'no-such-command' in /usr/sbin, /usr/bin, /sbin, /bin"
    assert run(["no-such-command"]) == (NO_SUCH_COMMAND, "", said) == (127, "", said)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_that_no_process_can_be_made_is_told_as_that(monkeypatch, number):
    def refused(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refused)
    said = f"sh could not be started: [Errno {number}] {os.strerror(number)}"
    assert run(["sh", "-c", "true"]) == (NOT_STARTED, "", said)


def test_an_argument_that_no_program_can_be_given_is_told():
    assert run(["sh", "-c", "tr\0ue"]) == (126, "", "sh could not be started: embedded null byte")


def test_a_command_that_prints_without_end_is_ended():
    status, output, errors = run([SHELL, "-c", "yes"])
    assert (status, output, errors) == (1, "", "it printed more than 64 MiB")


def test_more_input_than_a_pipe_takes_goes_in_while_output_comes():
    text = "x" * 70 + "\n"
    assert run([SHELL, "-c", "cat; cat >&2 /dev/null"], text * 5000) == (0, text * 5000, "")


def test_what_programs_of_boot_loaders_print_comes_back_as_well(tmp_path):
    program = tmp_path / "grubby"
    program.write_text('#!/bin/sh\necho "$LC_ALL $1"\necho no >&2\nexit 3\n')
    program.chmod(0o755)
    assert run([str(program), "--info"]) == (3, "C --info\n", "no\n")
