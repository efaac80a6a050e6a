"""Reads the host. Nothing here writes."""
