"""The parts of `benches/yardstick`."""
