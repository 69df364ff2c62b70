//! The `gastrolog` command.
fn main() {}
