//! How far the audit is, on standard error and only if that is a terminal.

use audit::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that nobody sees where standard error is no terminal.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Moves it.
pub(super) fn show(bar: &ProgressBar, event: Event) {
    match event {
        Event::Begun(hosts) => {
            bar.set_length(u64::try_from(hosts).unwrap_or(u64::MAX));
            bar.set_message("looking");
        }
        Event::Looked(address) => {
            bar.inc(1);
            bar.set_message(address.to_string());
        }
        Event::Routers => bar.set_message("asking routers"),
    }
}
