//! Names of files that may be uploaded without `controls`.

/// What printers print. Firmware, configuration and archives aren't among it.
const ENDINGS: [&str; 6] = ["gcode", "gco", "gc", "g", "bgcode", "bgc"];

/// Whether a name is an ordinary one, without folders, of a file that can be printed.
pub(crate) fn is_printable(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    is_plain(name) && !stem.is_empty() && ENDINGS.iter().any(|is| ending.eq_ignore_ascii_case(is))
}

/// Whether a text names a folder below the one at hand, or a file in it.
pub(crate) fn is_below(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').all(is_plain)
}

fn is_plain(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '"');
    // Tornado, on which Moonraker stands, takes spaces away from both ends.
    let bare = name.trim();
    !bare.is_empty() && name.len() <= 255 && !bare.starts_with('.') && !name.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_are_told_from_other_files() {
        for name in ["benchy.gcode", "a.b.BGCODE", "Größe 2.g"] {
            assert!(is_printable(name), "{name}");
        }
        for name in ["printer.cfg", "x.bbf", ".gcode", "a/b.gcode", "a\\b.gcode", "x.gcode\n", "g"]
        {
            assert!(!is_printable(name), "{name}");
        }
    }

    #[test]
    fn folders_stay_below() {
        assert!(is_below("parts/small/"));
        for path in ["", "/etc", "../config", "a/../b", "a//b", "a\\b"] {
            assert!(!is_below(path), "{path}");
        }
    }

    // covers: PM-3
    #[test]
    fn dots_behind_a_space_leave_the_folder() {
        for path in [" ../config/printer.cfg", "\u{2003}../x.gcode", "a/ ..", " ", " /x"] {
            assert!(!is_below(path), "{path}");
        }
    }
}
