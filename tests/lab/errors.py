"""The one kind of error that the lab reports to its user."""

from __future__ import annotations


class LabError(RuntimeError):
    """Something the user can act on: the text says what happened, why, and what to do."""
