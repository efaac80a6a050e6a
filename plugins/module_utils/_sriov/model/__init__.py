"""Frozen data: what is and what shall be. Pure."""
