"""Makes ``tests/lab`` importable as ``lab``, and the 82599 tests' own ``nicframes``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent / "nic82599")]
