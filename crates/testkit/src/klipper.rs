//! A microcontroller for Klipper's host software to talk to, without the hardware: it tells what
//! it can do, keeps a clock, reports temperatures and swallows moves. Written from the public
//! description of the protocol (<https://www.klipper3d.org/Protocol.html> and
//! <https://www.klipper3d.org/MCU_Commands.html>).

mod board;
mod dictionary;
mod frame;
mod integer;

use std::{path::Path, time::Duration};

use anyhow::Result;

use self::{board::Board, frame::Line};
use crate::pty::{Device, Plugged};

/// A microcontroller that is plugged in until this is dropped.
pub(crate) struct Microcontroller(Plugged);

impl Microcontroller {
    /// Plugs one in.
    pub(crate) fn start() -> Result<Self> {
        Plugged::new(Firmware::default()).map(Self)
    }

    /// For `serial:` in `printer.cfg`.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[derive(Default)]
struct Firmware {
    line: Line,
    board: Board,
}

impl Device for Firmware {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.line.receive(bytes);
        while let Some(content) = self.line.next() {
            for message in self.board.obey(&content) {
                self.line.send(&message, answer);
            }
            // Last: an acknowledged question without an answer is asked again.
            self.line.acknowledge(answer);
        }
    }

    fn tick(&mut self, now: Duration, answer: &mut Vec<u8>) {
        for message in self.board.tick(now) {
            self.line.send(&message, answer);
        }
    }
}
