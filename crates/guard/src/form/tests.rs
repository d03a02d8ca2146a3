use proptest::prelude::*;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=----WebKit0123456789";
const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.gcode\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\nG28\nG1 X1\r\n";

fn form(parts: &[&str]) -> String {
    let mark = "------WebKit0123456789";
    let parts: Vec<_> = parts.iter().map(|part| format!("{mark}\r\n{part}")).collect();
    format!("{}{mark}--\r\n", parts.concat())
}

fn field(name: &str, value: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

/// What passes of a form that arrives in pieces of this size.
fn pass(mut scanner: Form, form: &[u8], size: usize) -> (Vec<u8>, Result<(), Refused>) {
    let mut passed = Vec::new();
    for piece in form.chunks(size) {
        match scanner.read(piece) {
            Ok(bytes) => passed.extend(bytes),
            Err(refused) => return (passed, Err(refused)),
        }
    }
    (passed, scanner.finish())
}

fn verdict(parts: &[&str]) -> Result<(), Refused> {
    let form = form(parts);
    let verdicts: Vec<_> = [1, 7, 4096]
        .map(|size| pass(Form::new(TYPE).unwrap(), form.as_bytes(), size))
        .into_iter()
        .collect();
    assert!(verdicts.windows(2).all(|pair| pair[0].1 == pair[1].1), "{form}");
    for (passed, verdict) in &verdicts {
        assert_eq!(verdict.is_ok(), passed.ends_with(b"--\r\n"), "{form}");
    }
    verdicts[0].1
}

// covers: PM-3
#[test]
fn an_upload_without_a_start_passes_as_it_came() {
    let parts =
        [&*field("root", "gcodes"), FILE, &field("path", "parts"), &field("print", "false")];
    assert_eq!(verdict(&parts), Ok(()));
    let form = form(&parts);
    for size in [1, 2, 3, 50, 10_000] {
        let (passed, end) = pass(Form::new(TYPE).unwrap(), form.as_bytes(), size);
        assert_eq!((passed.as_slice(), end), (form.as_bytes(), Ok(())));
    }
}

// covers: PM-3
#[test]
fn queue_app_uploads_with_print_true() {
    for value in ["true", "True", "1", "yes", "false\r\ntrue", " "] {
        for name in ["print", "select"] {
            let flag = field(name, value);
            assert_eq!(verdict(&[FILE, &flag]), Err(Refused::Start), "{name} {value}");
            assert_eq!(verdict(&[&flag, FILE]), Err(Refused::Start), "{name} {value}");
        }
    }
    let form = form(&[FILE, &field("print", "true")]);
    let (passed, _) = pass(Form::new(TYPE).unwrap(), form.as_bytes(), 16);
    assert!(!String::from_utf8(passed).unwrap().contains("true"));
    let started = pass(Form::new(TYPE).unwrap().that_may_start(), form.as_bytes(), 16);
    assert_eq!(started, (form.into_bytes(), Ok(())));
}

// covers: PM-3
#[test]
fn what_slicers_and_apps_write_is_read() {
    for boundary in [
        "----WebKitFormBoundaryAbCdEf0123456789",
        "------------------------d74496d66958873e",
        "dart-http-boundary-x+y.z_0123456789",
        "alamofire.boundary.4f3b2a1c",
        "\"boundary_.oOo._MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\"",
    ] {
        let form = Form::new(&format!("multipart/form-data; boundary={boundary}"));
        assert!(form.is_some(), "{boundary}");
    }
    for head in [
        "content-type: application/octet-stream\r\ncontent-disposition: form-data; name=\"file\"; \
         filename=\"a.gcode\"\r\n\r\nG28\r\n",
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.gcode\"\r\n\r\nG28\r\n",
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.gcode\"\r\nContent-Type: \
         text/plain; charset=utf-8\r\nContent-Length: 3\r\nContent-Transfer-Encoding: binary\
         \r\n\r\nG28\r\n",
    ] {
        assert_eq!(verdict(&[&field("print", "false"), head]), Ok(()), "{head}");
    }
}

/// A printer that reads a form laxly could find a flag where a strict reader sees a file.
// covers: PM-3
#[test]
fn print_flag_hidden_from_a_strict_reader() {
    let mark = "------WebKit0123456789";
    let flag = "Content-Disposition: form-data; name=\"print\"\n\ntrue\n";
    let inside = |between: &str| FILE.replace("G1 X1", &format!("{between}{mark}\n{flag}{mark}"));
    for between in ["\n", "\r", "", "\r\n"] {
        assert_eq!(verdict(&[&inside(between)]), Err(Refused::Unlisted), "{between:?}");
    }
    for head in [
        "Content-Disposition: form-data; name=\"pri\\nt\"\r\n\r\ntrue\r\n",
        "Content-Disposition: form-data; name=print\r\n\r\ntrue\r\n",
        "Content-Disposition: form-data; name*=utf-8''print\r\n\r\ntrue\r\n",
        "Content-Disposition: form-data; name=\"path\"; name=\"print\"\r\n\r\ntrue\r\n",
        "Content-Disposition: form-data; name=\"file.path\"\r\n\r\n/etc/passwd\r\n",
        "Content-Type: text/plain\r\n\r\ntrue\r\n",
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\na\r\n",
        "Content-Length: -1\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\na\r\n",
        "Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=\"path\"\r\n\
         \r\na\r\n",
        "X: y\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\na\r\n",
        "Content-Disposition: form-data; name=\"path\"\r\nContent-Disposition: form-data; \
         name=\"print\"\r\n\r\ntrue\r\n",
        "Content-Disposition: form-data; name=\"path\"\r\nContent-Type: multipart/mixed\r\n\r\na\r\n",
    ] {
        assert_eq!(verdict(&[FILE, head]), Err(Refused::Unlisted), "{head}");
    }
}

// covers: PM-3
#[test]
fn an_upload_goes_where_prints_are() {
    for (name, value) in [
        ("root", "config"),
        ("path", "../config"),
        ("path", "/etc"),
        ("checksum", "x"),
        ("file", "G28"),
        ("other", "x"),
    ] {
        assert_eq!(verdict(&[&field(name, value), FILE]), Err(Refused::Unlisted), "{name} {value}");
    }
    for name in ["printer.cfg", "../a.gcode", "a.zip", "moonraker.conf"] {
        assert_eq!(verdict(&[&FILE.replace("a.gcode", name)]), Err(Refused::Unlisted), "{name}");
    }
    assert_eq!(verdict(&[FILE, FILE]), Err(Refused::Unlisted));
    assert_eq!(verdict(&[&field("path", "a")]), Err(Refused::Unlisted));
    assert_eq!(verdict(&[&field("path", &"a".repeat(4 * MAX_TEXT)), FILE]), Err(Refused::Unlisted));
}

// covers: PM-3
#[test]
fn only_plain_boundaries_are_read() {
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=short",
        "multipart/form-data; boundary=0123456789; boundary=9876543210",
        "multipart/form-data; boundary=\"01234567 9\"",
        "multipart/form-data; boundary=\"01234567;9\"",
        "multipart/form-data; boundary=01234567=9",
        "multipart/form-data; boundary=01234567/9",
        "multipart/form-data; boundary=0123456789, x",
        "multipart/mixed; boundary=0123456789",
    ] {
        assert!(Form::new(content_type).is_none(), "{content_type}");
    }
    assert!(Form::new("multipart/form-data; boundary=\"0123456789\"").is_some());
    let late = format!("preamble\r\n{}", form(&[FILE]));
    let early = format!("{}{}", form(&[FILE]), form(&[FILE]));
    for form in [late, early, form(&[]), String::new()] {
        let (_, verdict) = pass(Form::new(TYPE).unwrap(), form.as_bytes(), 16);
        assert_eq!(verdict, Err(Refused::Unlisted), "{form}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), size in 1..40usize) {
        let _ = pass(Form::new(TYPE).unwrap(), &bytes, size);
    }

    // covers: PM-3
    #[test]
    fn files_of_any_bytes_pass_in_any_pieces(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        size in 1..50usize,
    ) {
        let mut all = form(&[FILE]).into_bytes();
        let at = memmem::find(&all, b"G28").unwrap();
        all.splice(at..at, bytes);
        let (passed, end) = pass(Form::new(TYPE).unwrap(), &all, size);
        prop_assert_eq!((passed, end), (all, Ok(())));
    }
}
