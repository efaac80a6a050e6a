"""From observed and desired to steps. Pure."""
