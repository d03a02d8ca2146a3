//! Where a program can be reached, by the kernel's own tables.

use std::{collections::BTreeSet, fs};

/// Local addresses of a program's sockets that take connections or packets, as the kernel writes
/// them: hexadecimal, the bytes of an IPv4 address in reverse.
pub(crate) fn listening(pid: u32) -> Vec<String> {
    let inodes = inodes(pid);
    let mut addresses = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let rows = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        let rows = rows.lines().skip(1).filter_map(|row| address(row, table, &inodes));
        addresses.extend(rows.map(str::to_owned));
    }
    addresses
}

/// The local address in a row of a table, if it is open and belongs to one of the inodes.
fn address<'a>(row: &'a str, table: &str, inodes: &BTreeSet<String>) -> Option<&'a str> {
    let columns: Vec<_> = row.split_whitespace().collect();
    let is_open = table.starts_with("udp") || *columns.get(3)? == "0A";
    let address = columns.get(1)?;
    (is_open && inodes.contains(*columns.get(9)?)).then_some(address)
}

/// Whether an address of [`listening`] is in 127.0.0.0/8 or `::1`.
pub(crate) fn is_loopback(address: &str) -> bool {
    let host = address.split(':').next().unwrap_or_default();
    host == "00000000000000000000000001000000" || (host.len() == 8 && host.ends_with("7F"))
}

fn inodes(pid: u32) -> BTreeSet<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    let inode = |link: std::path::PathBuf| {
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    links.filter_map(inode).collect()
}
