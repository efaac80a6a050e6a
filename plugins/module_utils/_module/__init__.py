"""Ansible's side: options to a desired state, results to an answer."""

from . import zip_once

__all__ = ["zip_once"]
