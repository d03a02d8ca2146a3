//! What the microcontroller tells about itself: every message it knows with its number, pins, and
//! constants, as JSON in a zlib envelope.

use serde_json::{Map, Value, json};

/// Ticks per second.
pub(super) const FREQUENCY: u32 = 20_000_000;
/// The highest reading of an analog pin.
pub(super) const ADC_MAX: u32 = 4095;

/// The numbers of these two are the same everywhere: the host needs them to ask for the others.
const ANSWERS: [&str; 10] = [
    "identify_response offset=%u data=%.*s",
    "clock clock=%u",
    "uptime high=%u clock=%u",
    "config is_config=%c crc=%u is_shutdown=%c move_count=%hu",
    "analog_in_state oid=%c next_clock=%u value=%hu",
    "endstop_state oid=%c homing=%c next_clock=%u pin_value=%c",
    "trsync_state oid=%c can_trigger=%c trigger_reason=%c clock=%u",
    "stepper_position oid=%c pos=%i",
    "shutdown clock=%u static_string_id=%hu",
    "is_shutdown static_string_id=%hu",
];

const COMMANDS: [&str; 33] = [
    "identify offset=%u count=%c",
    "get_clock",
    "get_uptime",
    "get_config",
    "allocate_oids count=%c",
    "finalize_config crc=%u",
    "config_reset",
    "reset",
    "emergency_stop",
    "clear_shutdown",
    "config_digital_out oid=%c pin=%u value=%c default_value=%c max_duration=%u",
    "set_digital_out_pwm_cycle oid=%c cycle_ticks=%u",
    "queue_digital_out oid=%c clock=%u on_ticks=%u",
    "update_digital_out oid=%c value=%c",
    "set_digital_out pin=%u value=%c",
    "config_pwm_out oid=%c pin=%u cycle_ticks=%u value=%hu default_value=%hu max_duration=%u",
    "queue_pwm_out oid=%c clock=%u value=%hu",
    "config_analog_in oid=%c pin=%u",
    "query_analog_in oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u min_value=%hu max_value=%hu range_check_count=%c",
    "config_stepper oid=%c step_pin=%c dir_pin=%c invert_step=%c step_pulse_ticks=%u",
    "queue_step oid=%c interval=%u count=%hu add=%hi",
    "set_next_step_dir oid=%c dir=%c",
    "reset_step_clock oid=%c clock=%u",
    "stepper_get_position oid=%c",
    "stepper_stop_on_trigger oid=%c trsync_oid=%c",
    "config_endstop oid=%c pin=%c pull_up=%c",
    "endstop_home oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u pin_value=%c trsync_oid=%c trigger_reason=%c",
    "endstop_query_state oid=%c",
    "config_trsync oid=%c",
    "trsync_start oid=%c report_clock=%u report_ticks=%u expire_reason=%c",
    "trsync_set_timeout oid=%c clock=%u",
    "trsync_trigger oid=%c reason=%c",
    "debug_nop",
];

/// Where the numbers of the remaining answers begin.
const LATER_ANSWERS: usize = COMMANDS.len() + 1;

/// Name of the command with a number, and how many integers follow it.
pub(super) fn command(number: u32) -> Option<(&'static str, usize)> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let format = COMMANDS.get(index)?;
    Some((name(format), format.matches('=').count()))
}

/// The number of an answer.
pub(super) fn answer(wanted: &str) -> Option<u32> {
    let position = ANSWERS.iter().position(|format| name(format) == wanted)?;
    u32::try_from(answer_number(position)).ok()
}

fn answer_number(position: usize) -> usize {
    if position == 0 { 0 } else { LATER_ANSWERS + position }
}

fn name(format: &'static str) -> &'static str {
    format.split(' ').next().unwrap_or(format)
}

/// The whole of it, ready to be asked for in pieces.
pub(super) fn envelope() -> Vec<u8> {
    let commands: Map<_, _> = COMMANDS
        .iter()
        .zip(1..)
        .map(|(text, number)| ((*text).to_owned(), json!(number)))
        .collect();
    let numbered =
        |(position, text): (usize, &&str)| ((*text).to_owned(), json!(answer_number(position)));
    let answers: Map<String, Value> = ANSWERS.iter().enumerate().map(numbered).collect();
    let about = json!({
        "app": "Klipper",
        "version": "v0.0.1-testkit",
        "build_versions": "none",
        "config": {
            "MCU": "testkit",
            "CLOCK_FREQ": FREQUENCY,
            "ADC_MAX": ADC_MAX,
            "STATS_SUMSQ_BASE": 256,
        },
        "commands": commands,
        "responses": answers,
        "output": {},
        "enumerations": {
            // The first of 100 pins, PA0, has the number 0, and so on.
            "pin": {"PA0": [0, 100]},
            "static_string_id": {"Command request": 2},
        },
    });
    zlib(about.to_string().as_bytes())
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4): it is read like any other, and
/// needs no compressor.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (number, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(number == last));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(bytes).to_be_bytes());
    stream
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_adler32() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn numbers_fit_one_byte_and_are_used_once() {
        assert_eq!(command(1), Some(("identify", 2)));
        assert_eq!(answer("identify_response"), Some(0));
        let answers: Vec<_> = ANSWERS.iter().filter_map(|text| answer(name(text))).collect();
        assert_eq!(answers.len(), ANSWERS.len());
        assert!(answers.iter().all(|number| *number < 96 && command(*number).is_none()));
    }
}
