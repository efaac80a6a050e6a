"""The lab's command line; see ``scripts/lab --help``."""

from __future__ import annotations

import sys

from lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
