"""What drivers can do, as data."""
