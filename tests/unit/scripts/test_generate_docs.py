# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scripts/lib/generate_docs.py writes is there as it would write it now, and reads as it shall."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.scripts.lib import generate_docs

WORDS = " ".join(["word"] * 40)
VALUES = {
    "on": {"description": "Whether.", "type": "bool"},
    "note": {"description": f"{WORDS}: {WORDS}", "type": "str"},
    "list": {"description": ["One.", WORDS], "type": "list", "contains": {"vf": {"description": "VF.", "type": "int"}}},
}


def test_everything_generated_is_as_its_sources_are():
    stale = [path for path, content in generate_docs.documents().items() if path.read_text() != content]
    assert stale == [], "run scripts/lib/generate_docs.py"


def test_nothing_is_lost_and_no_line_is_too_long():
    lines = generate_docs.text(VALUES, "contains", depth=4)
    assert yaml.safe_load(lines) == VALUES
    assert max(map(len, lines.splitlines())) <= 120
    assert lines.splitlines()[0] == "    'on': {description: Whether., type: bool}"


def test_a_file_keeps_what_stands_around_the_generated_part(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(f'by hand\n{generate_docs.MARK} there\nold\n"""\ncode\n')
    wanted = f'by hand\n{generate_docs.MARK} there\nnew\n"""\ncode\n'
    assert generate_docs.rewritten(path, "there", '"""\n', "new\n") == wanted


def test_a_file_without_the_mark_is_refused(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("by hand\n")
    with pytest.raises(ValueError, match="has no line"):
        generate_docs.rewritten(path, "there", "", "new\n")
