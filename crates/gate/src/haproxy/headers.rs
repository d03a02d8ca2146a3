//! Headers that tell a printer who asks, and by which way. The gate writes them by itself, and the
//! same for everybody: a file that has others written would let a printer take people for others.

/// Why a line about such a header has nothing left to do.
pub(super) const FORWARDED: &str =
    "the gate tells the printer by itself who asks, and by which way";
const NEVER: &str = "nobody comes so: the gate shows the printer with TLS only";

/// The names, and the values that mean what the gate says.
const WRITTEN: [(&str, &[&str]); 6] = [
    ("x-forwarded-for", &["%[src]", "%ci"]),
    ("x-real-ip", &["%[src]", "%ci"]),
    ("x-forwarded-proto", &["https", "%[ssl_fc,iif(https,http)]"]),
    ("x-scheme", &["https", "%[ssl_fc,iif(https,http)]"]),
    ("x-forwarded-host", &["%[hdr(host)]", "%[req.hdr(host)]", "%[req.fhdr(host)]"]),
    // The gate says nothing of ports, and they say nothing of people.
    ("x-forwarded-port", &["%[dst_port]", "%fp", "80", "443"]),
];

/// What the gate does in place of `set-header` and `add-header`, whose condition may `never` be true.
///
/// # Errors
/// A sentence about what the gate wouldn't write.
pub(super) fn written(name: &str, value: &str, never: bool) -> Result<&'static str, String> {
    let lower = name.to_ascii_lowercase();
    let Some((_, values)) = WRITTEN.iter().find(|(known, _)| *known == lower) else {
        return Err(format!("The gate doesn't set the header `{name}` for printers."));
    };
    if never {
        return Ok(NEVER);
    }
    if values.contains(&value.to_ascii_lowercase().as_str()) {
        return Ok(FORWARDED);
    }
    // Not the value: it may be a secret.
    Err(format!(
        "The gate sets the header `{name}` to {} only, and the file to something else, by which the \
         printer could take people for others: remove the line.",
        values.join(" or ")
    ))
}

/// What the gate does in place of `del-header`: what a visitor claims in them never gets through.
pub(super) fn removed(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let known = lower == "forwarded" || WRITTEN.iter().any(|(known, _)| *known == lower);
    known.then_some(FORWARDED)
}

/// What the gate does in place of `option forwardfor`.
pub(super) fn forwardfor(mut options: &[&str]) -> Option<&'static str> {
    loop {
        options = match *options {
            [] => return Some(FORWARDED),
            ["if-none", ref rest @ ..] | ["except", _, ref rest @ ..] => rest,
            ["header", name, ref rest @ ..]
                if ["x-forwarded-for", "x-real-ip"]
                    .contains(&name.to_ascii_lowercase().as_str()) =>
            {
                rest
            }
            _ => return None,
        }
    }
}
