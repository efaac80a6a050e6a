"""The parts of the benchmark of how fast a host is brought to its state; see tests/bench/converge.py."""
