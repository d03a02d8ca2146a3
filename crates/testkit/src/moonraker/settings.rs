//! The files that Moonraker and klippy start from.

use std::{fs, path::Path};

use anyhow::Result;

/// Lays out Moonraker's data directory.
pub(super) fn write(directory: &Path, line: &Path, port: u16, trusted: &[&str]) -> Result<()> {
    for name in ["config", "comms", "logs", "gcodes", "misc"] {
        fs::create_dir(directory.join(name))?;
    }
    // Else it would fetch the list of all USB devices from the Internet.
    fs::write(directory.join("misc/usb.ids"), "")?;
    fs::write(directory.join("config/moonraker.conf"), moonraker(directory, port, trusted))?;
    fs::write(directory.join("config/printer.cfg"), printer(line, directory))?;
    Ok(())
}

fn moonraker(directory: &Path, port: u16, trusted: &[&str]) -> String {
    // One per line; an empty list trusts nobody.
    let trusted = trusted.join("\n    ");
    format!(
        "\
[server]
host: 127.0.0.1
port: {port}
klippy_uds_address: {klippy}

[machine]
provider: none
validate_service: False

[authorization]
trusted_clients:
    {trusted}

# Else it would ask a server of its authors for news.
[announcements]
dev_mode: True

[file_manager]
check_klipper_config_path: False
",
        klippy = directory.join("comms/klippy.sock").display(),
    )
}

fn printer(line: &Path, directory: &Path) -> String {
    let axes: String =
        ["x", "y", "z"].iter().zip(0_u8..).map(|(axis, n)| stepper(axis, n)).collect();
    format!(
        "\
[mcu]
serial: {line}
restart_method: command

[printer]
kinematics: cartesian
max_velocity: 300
max_accel: 3000

{axes}
[extruder]
step_pin: PA30
dir_pin: PA31
enable_pin: !PA32
microsteps: 16
rotation_distance: 33.5
nozzle_diameter: 0.4
filament_diameter: 1.75
heater_pin: PA33
{thermistor}sensor_pin: PA34

[heater_bed]
heater_pin: PA35
{thermistor}sensor_pin: PA36

[fan]
pin: PA37

[virtual_sdcard]
path: {gcodes}

[pause_resume]

[display_status]

[gcode_macro CANCEL_PRINT]
rename_existing: BASE_CANCEL_PRINT
gcode: BASE_CANCEL_PRINT
",
        line = line.display(),
        thermistor = THERMISTOR,
        gcodes = directory.join("gcodes").display(),
    )
}

const THERMISTOR: &str = "\
sensor_type: EPCOS 100K B57560G104F
control: watermark
min_temp: 0
max_temp: 250
";

fn stepper(axis: &str, number: u8) -> String {
    let pin = |offset: u8| format!("PA{}", 10 + 4 * number + offset);
    format!(
        "\
[stepper_{axis}]
step_pin: {}
dir_pin: {}
enable_pin: !{}
endstop_pin: {}
microsteps: 16
rotation_distance: 40
position_endstop: 0
position_max: 200
homing_retract_dist: 0

",
        pin(0),
        pin(1),
        pin(2),
        pin(3)
    )
}
