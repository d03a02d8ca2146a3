//! The `layerlock` program.
fn main() {}
