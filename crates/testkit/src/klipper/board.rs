//! What the microcontroller does: clock, configuration, thermistors at room temperature, endstops
//! that are hit as soon as they are asked for, moves that are counted.

use std::{collections::BTreeMap, time::Duration};

use super::{dictionary, integer};

/// What a 100 kΩ thermistor of beta 4092 with a 4.7 kΩ pull-up reads at about 25 °C, as a part of
/// the highest reading, in thousandths.
const ROOM_TEMPERATURE: u32 = 955;
const MOVES: u32 = 1024;
/// "Command request" in the dictionary's strings.
const STOPPED_BY_COMMAND: u32 = 2;

/// A message to the host.
type Message = Vec<u8>;

/// The state of the board.
pub(super) struct Board {
    about: Vec<u8>,
    now: u64,
    checksum: Option<u32>,
    stopped: bool,
    thermistors: BTreeMap<u32, Thermistor>,
    triggers: BTreeMap<u32, u32>,
    steppers: BTreeMap<u32, Stepper>,
}

/// An analog pin that reports.
struct Thermistor {
    next: u64,
    every: u32,
    samples: u32,
}

#[derive(Default)]
struct Stepper {
    position: i32,
    backwards: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            about: dictionary::envelope(),
            now: 0,
            checksum: None,
            stopped: false,
            thermistors: BTreeMap::new(),
            triggers: BTreeMap::new(),
            steppers: BTreeMap::new(),
        }
    }
}

impl Board {
    /// Moves the clock; the thermistors report when it is their time.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Message> {
        let ticks = now.as_nanos() * u128::from(dictionary::FREQUENCY) / 1_000_000_000;
        self.now = u64::try_from(ticks).unwrap_or(u64::MAX);
        let mut messages = Vec::new();
        for (oid, thermistor) in &mut self.thermistors {
            while thermistor.next <= self.now {
                thermistor.next += u64::from(thermistor.every);
                let reading = dictionary::ADC_MAX * ROOM_TEMPERATURE / 1000 * thermistor.samples;
                let next = low(thermistor.next);
                messages.push(message("analog_in_state", &[*oid, next, reading]));
            }
        }
        messages
    }

    /// Obeys the commands of one frame.
    pub(super) fn obey(&mut self, mut content: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some((name, count)) = integer::read(&mut content).and_then(dictionary::command) {
            let arguments: Vec<_> = (0..count).map_while(|_| integer::read(&mut content)).collect();
            messages.extend(self.command(name, &arguments));
        }
        messages
    }

    fn command(&mut self, name: &str, arguments: &[u32]) -> Option<Message> {
        match (name, arguments) {
            ("identify", &[offset, count]) => Some(self.piece(offset, count)),
            ("get_clock", _) => Some(message("clock", &[low(self.now)])),
            ("get_uptime", _) => Some(message("uptime", &[high(self.now), low(self.now)])),
            ("get_config", _) => Some(self.configuration()),
            ("config_reset" | "reset", _) => self.start_anew(),
            ("clear_shutdown", _) => {
                self.stopped = false;
                None
            }
            ("emergency_stop", _) => Some(self.stop()),
            _ if self.stopped => Some(message("is_shutdown", &[STOPPED_BY_COMMAND])),
            ("finalize_config", &[checksum]) => {
                self.checksum = Some(checksum);
                None
            }
            ("query_analog_in", &[oid, clock, _, samples, every, ..]) => {
                self.watch(oid, clock, samples, every)
            }
            _ => self.motion(name, arguments),
        }
    }

    fn motion(&mut self, name: &str, arguments: &[u32]) -> Option<Message> {
        match (name, arguments) {
            ("set_next_step_dir", &[oid, direction]) => {
                self.steppers.entry(oid).or_default().backwards = direction != 0;
                None
            }
            ("queue_step", &[oid, _, count, _]) => {
                let stepper = self.steppers.entry(oid).or_default();
                let steps = i32::try_from(count).unwrap_or_default();
                stepper.position += if stepper.backwards { -steps } else { steps };
                None
            }
            ("stepper_get_position", &[oid]) => {
                let position = self.steppers.entry(oid).or_default().position;
                Some(message("stepper_position", &[oid, position.cast_unsigned()]))
            }
            ("endstop_home", &[_, _, _, samples, _, _, trigger, reason]) if samples > 0 => {
                Some(self.trigger(trigger, reason))
            }
            ("endstop_query_state", &[oid]) => {
                Some(message("endstop_state", &[oid, 0, low(self.now), 1]))
            }
            ("trsync_trigger", &[oid, reason]) => {
                let reason = self.triggers.remove(&oid).unwrap_or(reason);
                Some(message("trsync_state", &[oid, 0, reason, low(self.now)]))
            }
            _ => None,
        }
    }

    fn piece(&self, offset: u32, count: u32) -> Message {
        let (start, count) = (offset as usize, count as usize);
        let piece: Vec<u8> = self.about.iter().skip(start).take(count).copied().collect();
        let mut answer = message("identify_response", &[offset]);
        integer::write(u32::try_from(piece.len()).unwrap_or_default(), &mut answer);
        answer.extend(piece);
        answer
    }

    fn configuration(&self) -> Message {
        let is_configured = u32::from(self.checksum.is_some());
        let checksum = self.checksum.unwrap_or_default();
        message("config", &[is_configured, checksum, u32::from(self.stopped), MOVES])
    }

    fn start_anew(&mut self) -> Option<Message> {
        *self = Self { now: self.now, ..Self::default() };
        None
    }

    fn stop(&mut self) -> Message {
        self.stopped = true;
        self.thermistors.clear();
        message("shutdown", &[low(self.now), STOPPED_BY_COMMAND])
    }

    fn watch(&mut self, oid: u32, clock: u32, samples: u32, every: u32) -> Option<Message> {
        // The clock of 32 bits, near the present.
        let ahead = clock.wrapping_sub(low(self.now)).cast_signed();
        let next = self.now.saturating_add_signed(i64::from(ahead));
        if samples == 0 || every == 0 {
            self.thermistors.remove(&oid);
        } else {
            self.thermistors.insert(oid, Thermistor { next, every, samples });
        }
        None
    }

    fn trigger(&mut self, oid: u32, reason: u32) -> Message {
        self.triggers.insert(oid, reason);
        message("trsync_state", &[oid, 0, reason, low(self.now)])
    }
}

fn message(name: &str, arguments: &[u32]) -> Message {
    let mut bytes = Vec::new();
    let number = dictionary::answer(name).unwrap_or_default();
    for value in std::iter::once(&number).chain(arguments) {
        integer::write(*value, &mut bytes);
    }
    bytes
}

#[expect(clippy::cast_possible_truncation, reason = "the protocol's clock has 32 bits")]
const fn low(ticks: u64) -> u32 {
    ticks as u32
}

const fn high(ticks: u64) -> u32 {
    low(ticks >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thermistor_reports_when_it_is_time_and_not_after_a_stop() {
        let mut board = Board::default();
        board.watch(3, dictionary::FREQUENCY, 1, dictionary::FREQUENCY);
        assert!(board.tick(Duration::from_millis(900)).is_empty());
        assert_eq!(board.tick(Duration::from_millis(2100)).len(), 2);
        assert!(board.command("emergency_stop", &[]).is_some());
        assert!(board.tick(Duration::from_secs(9)).is_empty());
    }

    #[test]
    fn the_description_is_told_piece_by_piece() {
        let board = Board::default();
        let mut told = Vec::new();
        while told.len() < board.about.len() {
            let piece = board.piece(u32::try_from(told.len()).unwrap(), 40);
            let data = piece.len().min(piece.len() - (board.about.len() - told.len()).min(40));
            told.extend_from_slice(&piece[data..]);
        }
        assert_eq!(told, board.about);
    }
}
