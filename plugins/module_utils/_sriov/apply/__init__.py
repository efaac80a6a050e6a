"""Performs steps."""
