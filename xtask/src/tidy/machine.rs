//! No file names a path of the machine that it was written on.

use std::path::Path;

use super::Finding;
use crate::repository::File;

/// Where people's own directories are. `/home/pi/` is every Raspberry Pi's and may be named.
const HOMES: &[&str] = &["/home/", "/Users/", "C:\\Users\\"];
const PUBLIC: &str = "/home/pi/";

/// Where a checkout may lie that a document speaks of as well.
const SHARED: &[&str] = &["/opt/", "/srv/", "/usr/", "/var/"];

/// Lines with a home directory, or with the path of this checkout.
pub(super) fn check(root: &Path, files: &[File]) -> Vec<Finding> {
    let own = own_path(root);
    files
        .iter()
        .filter(|file| file.path != "xtask/src/tidy/machine.rs")
        .flat_map(|file| {
            file.numbered()
                .filter(|(_, line)| names_a_machine(line, own.as_deref()))
                .map(|(line, _)| Finding::at(file, line, "a path of somebody's machine"))
        })
        .collect()
}

/// The checkout's path, unless it is so short or so common that text may hold it by chance.
fn own_path(root: &Path) -> Option<String> {
    let text = root.to_str()?;
    let common = SHARED.iter().any(|prefix| text.starts_with(prefix));
    (root.components().count() > 2 && !common).then(|| text.to_owned())
}

fn names_a_machine(line: &str, own: Option<&str>) -> bool {
    let line = line.replace(PUBLIC, "");
    HOMES.iter().any(|home| line.contains(home)) || own.is_some_and(|own| line.contains(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(line: &str) -> usize {
        check(Path::new("/data/layerlock"), &[File::of("README.md", line)]).len()
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        assert_eq!(findings("cd /home/ada/layerlock"), 1);
        assert_eq!(findings("see /data/layerlock/README.md"), 1);
    }

    #[test]
    fn a_raspberry_pi_may_be_named() {
        assert_eq!(findings("/home/pi/.octoprint"), 0);
        assert_eq!(findings("a /datum of layerlock"), 0);
    }
}
