"""The way to the outside, one file a mechanism."""
