//! The firmware of a printer that does nothing: it answers what PrusaLink asks, in the words of a
//! Prusa MK3S, and takes everything else for done. Each `ok` comes after 30 ms: PrusaLink expects
//! that a printer takes its time.

use std::{collections::VecDeque, time::Duration};

use crate::pty::Device;

const TAKES: Duration = Duration::from_millis(30);

/// How often temperatures, positions and fans are told, once that is asked for.
const REPORTS: Duration = Duration::from_secs(2);

const TEMPERATURES: &str = "T:21.5 /0.0 B:22.0 /0.0 T0:21.5 /0.0 @:0 B@:0 P:25.1 A:28.4";
const POSITION: &str = "X:0.00 Y:0.00 Z:0.15 E:0.00 Count X: 0.00 Y:0.00 Z:0.15 E:0.00";
const FANS: &str = "E0:0 RPM PRN1:0 RPM E0@:0 PRN1@:0";

/// The printer's state.
#[derive(Default)]
pub(super) struct Firmware {
    unread: Vec<u8>,
    now: Duration,
    answers: VecDeque<(Duration, String)>,
    next_report: Option<Duration>,
}

impl Device for Firmware {
    fn receive(&mut self, bytes: &[u8], _: &mut Vec<u8>) {
        self.unread.extend_from_slice(bytes);
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                self.obey(command(&line));
            }
        }
    }

    fn tick(&mut self, now: Duration, answer: &mut Vec<u8>) {
        self.now = now;
        while let Some((_, text)) = self.answers.pop_front_if(|(due, _)| *due <= now) {
            answer.extend_from_slice(text.as_bytes());
        }
        if self.next_report.is_some_and(|next| next <= now) {
            let report = format!("{TEMPERATURES}\n{POSITION}\n{FANS}\n");
            answer.extend_from_slice(report.as_bytes());
            self.next_report = Some(now + REPORTS);
        }
    }
}

impl Firmware {
    fn obey(&mut self, command: &str) {
        match command.split(' ').next() {
            Some("M155") if command.contains("S0") => self.next_report = None,
            Some("M155") => self.next_report = Some(self.now),
            _ => {}
        }
        let previous = self.answers.back().map_or(self.now, |(due, _)| *due);
        self.answers.push_back((previous + TAKES, format!("{}ok\n", answer(command))));
    }
}

/// A line without its number and checksum: `N12 M105*37` is `M105`.
fn command(line: &str) -> &str {
    let line = line.split('*').next().unwrap_or(line);
    let rest =
        line.strip_prefix('N').map(|line| line.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.unwrap_or(line).trim()
}

/// The lines before the `ok`.
fn answer(command: &str) -> String {
    let text = match command {
        "PRUSA Fir" => "3.14.1-8237",
        "PRUSA SN" => "CZPX4720X004XC34242",
        "M862.1 Q" => "0.40",
        "M862.2 Q" => "302",
        "M220" | "M221" => "100%",
        "M27 P" => "Not SD printing",
        "M420" => "Mesh bed leveling not active.",
        "M21" => "echo:SD init fail",
        "M105" => TEMPERATURES,
        "M114" => POSITION,
        "M73" => {
            "NORMAL MODE: Percent done: -1; print time remaining in mins: -1; Change in mins: -1\n\
             SILENT MODE: Percent done: -1; print time remaining in mins: -1; Change in mins: -1"
        }
        _ => return memory(command).unwrap_or_default(),
    };
    format!("{text}\n")
}

/// `D3 Ax0D05 C4` reads four bytes of memory, which are all zero.
fn memory(command: &str) -> Option<String> {
    let (address, count) = command.strip_prefix("D3 Ax")?.split_once(" C")?;
    let address = usize::from_str_radix(address, 16).ok()?;
    let zeros = vec!["00"; count.parse().ok()?];
    let line = |(number, bytes): (usize, &[&str])| {
        format!("{:04X}  {}\n", address + 16 * number, bytes.join(" "))
    };
    Some(zeros.chunks(16).enumerate().map(line).collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_checksums_are_not_part_of_a_command() {
        assert_eq!(command("N12 M27 P*37"), "M27 P");
        assert_eq!(command("PRUSA Fir"), "PRUSA Fir");
    }

    #[test]
    fn memory_is_told_in_lines_of_sixteen() {
        assert_eq!(memory("D3 Ax0D05 C2").unwrap(), "0D05  00 00\n");
        assert_eq!(memory("D3 Ax0D49 C88").unwrap().lines().count(), 6);
    }

    #[test]
    fn an_ok_takes_its_time() {
        let (mut firmware, mut answer) = (Firmware::default(), Vec::new());
        firmware.receive(b"M84\n", &mut answer);
        firmware.tick(Duration::from_millis(29), &mut answer);
        assert!(answer.is_empty());
        firmware.tick(Duration::from_millis(30), &mut answer);
        assert_eq!(answer, b"ok\n");
    }
}
