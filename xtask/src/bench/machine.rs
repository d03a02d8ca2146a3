//! Where and when figures were measured.

use std::{fs, path::Path};

use anyhow::Result;

use crate::command::{command, output};

/// The date, in the form 2026-01-31.
pub(super) fn date() -> Result<String> {
    Ok(output(command(Path::new("/"), "date", &["+%F"]))?.trim().to_owned())
}

/// Processor, cores, memory and system, in a line.
pub(super) fn describe() -> Result<String> {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kilobytes: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let system = output(command(Path::new("/"), "uname", &["-sr"]))?;
    let gigabytes = kilobytes.div_ceil(1 << 20);
    Ok(format!("{processor}, {cores} cores, {gigabytes} GB, {}", system.trim()))
}

/// How busy the machine was in the last minute, as Linux counts it.
pub(super) fn load() -> Result<String> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    Ok(averages.split(' ').next().unwrap_or_default().to_owned())
}

/// The first line that a program prints about itself.
pub(super) fn version(program: &Path, argument: &str) -> Result<String> {
    let told = command(Path::new("/"), program, &[argument]).output()?;
    let told = [told.stdout, told.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    Ok(told.lines().next().unwrap_or_default().trim().to_owned())
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let (_, value) = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim() == name)?;
    Some(value.trim().to_owned())
}
