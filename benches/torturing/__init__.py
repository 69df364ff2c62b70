"""The parts of `benches/torture`: one section a file, each of which returns rows for the table."""
