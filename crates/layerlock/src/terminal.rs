//! What a person reads on a terminal: QR codes, tables, and passwords asked for without echo.

use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::{Context, bail};
use credentials::{Password, Pin};
use hub::admin::SetupLink;
use qrcode::{QrCode, render::unicode};

/// Prints text as a QR code, if standard output is a terminal.
pub(crate) fn qr_code(text: &str) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    if let Ok(code) = QrCode::new(text) {
        let image = code
            .render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build();
        println!("{image}");
    }
}

/// Prints rows under a heading, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let mut out = std::io::stdout().lock();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let title = heading.get(column).map_or(0, |title| title.len());
        cells.fold(title, usize::max)
    });
    let lines = std::iter::once(heading.map(str::to_owned)).chain(rows.iter().cloned());
    for line in lines {
        let cells: Vec<_> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        // A closed pipe (`| head`) ends the listing, not the program with an error.
        if writeln!(out, "{}", cells.join("  ").trim_end()).is_err() {
            return;
        }
    }
}

/// Asks for a new password twice on a terminal, or reads one line of standard input.
pub(crate) fn new_password() -> anyhow::Result<Password> {
    Password::try_from(new_secret("New password: ")?).map_err(Into::into)
}

/// The same for a PIN.
pub(crate) fn new_pin() -> anyhow::Result<Pin> {
    Ok(new_secret("New PIN (6 digits or more, or a phrase): ")?.parse()?)
}

fn new_secret(prompt: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        return line();
    }
    let first = rpassword::prompt_password(prompt)?;
    if rpassword::prompt_password("The same again: ")? != first {
        bail!("the two differ; nothing was changed");
    }
    Ok(first)
}

/// Asks a question and reads the answer, a line of standard input.
pub(crate) fn answer(question: &str) -> anyhow::Result<String> {
    print!("{question}");
    std::io::stdout().flush().context("standard output can't be written")?;
    line()
}

/// One line of standard input without its end, of at most 4 KiB.
fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    let input = std::io::stdin().lock().take(4 * 1024);
    { input }.read_line(&mut line).context("standard input can't be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Shows a setup link for each place from which people may follow it.
pub(crate) fn setup_link(link: &SetupLink) {
    for url in &link.urls {
        println!("  Setup link: {url}");
    }
    match link.urls.as_slice() {
        [_, network] => {
            println!("  (the first on this machine, the second from a phone or another computer)");
            qr_code(network);
        }
        [only] => qr_code(only),
        _ => {}
    }
}
