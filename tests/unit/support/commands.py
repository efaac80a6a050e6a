# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that are not run."""

from __future__ import annotations


class Answers:
    """Runs nothing: gives the answer written down for a command line."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", " "): answer for name, answer in answers.items()}
        self.calls = []

    def __call__(self, argv):
        self.calls.append(" ".join(argv))
        return next(answer for words, answer in self.answers.items() if words in self.calls[-1])
