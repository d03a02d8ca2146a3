//! Pictures that a person and a program can tell apart: a bar walks over a bed, and the frame's
//! number is written below it in black and white squares.

use anyhow::Result;
use jpeg_encoder::{ColorType, Encoder};

const WIDTH: u16 = 192;
const HEIGHT: u16 = 144;
const BAR: u64 = 24;
const STEP: u64 = 8;
const SQUARE: u16 = 12;
const QUALITY: u8 = 80;

const BED: [u8; 3] = [38, 50, 56];
const NOZZLE: [u8; 3] = [255, 143, 0];
const BLACK: [u8; 3] = [0, 0, 0];
const WHITE: [u8; 3] = [255, 255, 255];

/// Frame `number` as a JPEG of 192 x 144.
pub(super) fn jpeg(number: u64) -> Result<Vec<u8>> {
    let pixels: Vec<u8> = (0..HEIGHT)
        .flat_map(|y| (0..WIDTH).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(number, x, y))
        .collect();
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, QUALITY).encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb)?;
    Ok(bytes)
}

fn pixel(number: u64, x: u16, y: u16) -> [u8; 3] {
    if y >= HEIGHT - SQUARE {
        let bit = u32::from(x / SQUARE);
        return if number >> bit & 1 == 1 { WHITE } else { BLACK };
    }
    let start = number.wrapping_mul(STEP) % u64::from(WIDTH);
    let within = (u64::from(x) + u64::from(WIDTH) - start) % u64::from(WIDTH) < BAR;
    if within { NOZZLE } else { BED }
}
