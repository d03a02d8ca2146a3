//! The migrations are compiled in; a new file alone must make them be compiled again.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
