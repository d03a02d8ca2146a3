//! Edges between crates go downwards only, as the table in ARCHITECTURE.md says, and one crate
//! alone talks to a database. What tests depend on is free.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use crate::{
    command::{cargo, output},
    repository::Repository,
};

/// Which crates of ours each crate may use. The same table is in ARCHITECTURE.md; a new edge is a
/// change of the architecture and gets a page in docs/decisions.
const EDGES: &[(&str, &[&str])] = &[
    ("printer", &[]),
    ("guard", &["printer"]),
    ("credentials", &["printer"]),
    ("wire", &["printer"]),
    ("tunnel", &["printer"]),
    ("forward", &[]),
    ("backplane", &["printer"]),
    ("edge", &["backplane", "printer"]),
    ("store", &["printer", "credentials"]),
    ("web", &[]),
    ("audit", &["printer"]),
    (
        "hub",
        &[
            "store",
            "audit",
            "backplane",
            "web",
            "tunnel",
            "forward",
            "edge",
            "guard",
            "wire",
            "credentials",
            "printer",
        ],
    ),
    ("gate", &["edge", "forward", "backplane", "credentials", "printer"]),
    ("agent", &["credentials", "guard", "tunnel", "forward", "wire", "printer"]),
    (
        "layerlock",
        &[
            "hub",
            "agent",
            "audit",
            "gate",
            "store",
            "printer",
            "edge",
            "credentials",
            "tunnel",
            "backplane",
            "wire",
        ],
    ),
    ("xtask", &[]),
];

/// Crates for tests only: they may use everything, and nothing that ships may use them.
const FOR_TESTS: &[&str] = &["testkit", "fuzz"];

/// Crates that know SQL.
const DATABASE: &str = "sqlx";
const KNOWS_SQL: &str = "store";

/// The part of `cargo metadata` that the rule needs.
#[derive(Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `null` for an ordinary one, else `dev` or `build`.
    kind: Option<String>,
}

/// Asks cargo.
pub(super) fn read(repository: &Repository) -> Result<Metadata> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let text = output(cargo(&repository.root, &arguments))?;
    serde_json::from_str(&text).context("cargo metadata answered something else")
}

/// Every edge that the table does not have.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    metadata.packages.iter().flat_map(|package| check_package(package, &ours)).collect()
}

fn check_package(package: &Package, ours: &[&str]) -> Vec<Finding> {
    let name = package.name.as_str();
    if FOR_TESTS.contains(&name) {
        return Vec::new();
    }
    let manifest = format!("{name}/Cargo.toml");
    let Some((_, allowed)) = EDGES.iter().find(|(of, _)| *of == name) else {
        return vec![Finding::in_file(&manifest, "this crate is not in the table of edges")];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .filter_map(|dependency| complaint(name, &dependency.name, allowed, ours))
        .map(|message| Finding::in_file(&manifest, message))
        .collect()
}

fn complaint(name: &str, used: &str, allowed: &[&str], ours: &[&str]) -> Option<String> {
    if used == DATABASE && name != KNOWS_SQL {
        return Some(format!("only `{KNOWS_SQL}` may use {DATABASE}"));
    }
    let foreign_edge = ours.contains(&used) && !allowed.contains(&used);
    foreign_edge.then(|| format!("the edge {name} -> {used} is not in the table of edges"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, used: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: used.to_owned(), kind: kind.map(str::to_owned) };
        Package { name: name.to_owned(), dependencies: vec![dependency] }
    }

    fn complaints(name: &str, used: &str, kind: Option<&str>) -> usize {
        let packages = vec![
            package(name, used, kind),
            package("store", "thiserror", None),
            package("testkit", "anyhow", None),
        ];
        check(&Metadata { packages }).len()
    }

    #[test]
    fn an_edge_upwards_is_found() {
        assert_eq!(complaints("agent", "store", None), 1);
        assert_eq!(complaints("hub", "testkit", None), 1);
        assert_eq!(complaints("hub", "testkit", Some("build")), 1);
    }

    #[test]
    fn edges_of_the_table_and_of_tests_are_free() {
        assert_eq!(complaints("hub", "store", None), 0);
        assert_eq!(complaints("hub", "testkit", Some("dev")), 0);
    }

    #[test]
    fn sqlx_outside_the_store_is_found() {
        assert_eq!(complaints("hub", "sqlx", None), 1);
    }

    #[test]
    fn a_crate_that_nobody_placed_is_found() {
        assert_eq!(complaints("helpers", "anyhow", None), 1);
    }
}
