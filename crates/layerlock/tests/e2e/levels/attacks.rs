//! Requests that hide what they are, against a real Moonraker that its owner calls an OctoPrint,
//! written byte by byte because no HTTP client would.

use anyhow::{Result, ensure};
use printer::Level;
use testkit::{
    client::{PrinterOrigin, Protocol},
    moonraker::Moonraker,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::Visit;
use crate::house::SOON;

/// Ways to a line of G-code, to the configuration, and to Klipper's own socket.
const TARGETS: [&str; 24] = [
    "POST /printer/gcode/script?script=M104%20S200",
    "POST /printer/print/start?filename=a.gcode&filename=b.gcode",
    "POST /printer/print/start?filename=a.gcode%0aM104%20S200",
    "POST /printer/print/start?filename=a.gcode;x=1",
    "POST /api/../printer/gcode/script?script=M104%20S200",
    "POST /server/info/../../printer/gcode/script?script=M104%20S200",
    "POST /%2e%2e/printer/gcode/script?script=M104%20S200",
    "POST /printer/print/pause/%2e%2e/%2e%2e/gcode/script?script=M104%20S200",
    "POST /printer%2fgcode%2fscript?script=M104%20S200",
    "POST /printer/gcode%2Fscript?script=M104%20S200",
    "POST //printer/gcode/script?script=M104%20S200",
    "POST /printer//gcode/script?script=M104%20S200",
    "POST /printer/gcode/script;/print/pause?script=M104%20S200",
    "POST /printer/print/pause;/../../gcode/script?script=M104%20S200",
    "POST /printer\\gcode\\script?script=M104%20S200",
    "POST /moonraker/printer/gcode/script?script=M104%20S200",
    "POST /printer2/printer/print/start?filename=a.gcode",
    "POST /PRINTER/GCODE/SCRIPT?script=M104%20S200",
    "GET /server/files/list?root=gcodes&root=config",
    "GET /server/files/list?root=gcodes&root:str=config",
    "GET /server/files/gcodes/..%2fconfig%2fprinter.cfg",
    "GET /server/files/gcodes/%2e%2e/config/printer.cfg",
    "GET /klippy%73ocket",
    "GET /server/files/config/printer.cfg?.png",
];

// covers: PM-3
#[tokio::test]
async fn octoprint_entry_is_moonraker() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let visit = Visit::to("octoprint", &moonraker.url(), Protocol::Http1).await?;
    let origin = visit.enter().await?;
    visit.grant(Level::Print).await?;
    let key = format!("X-Api-Key: {}\r\n", moonraker.api_key());
    let passed = raw(&origin, "GET /server/info", &key, "").await?;
    ensure!(passed.starts_with("HTTP/1.1 200") && passed.contains("klippy_state"), "{passed}");
    for target in TARGETS {
        refused(&raw(&origin, target, &key, "").await?, target)?;
    }
    let json = format!("{key}Content-Type: application/json\r\n");
    let heat = r#"{"jsonrpc":"2.0","id":1,"method":"printer.gcode.script","params":{"script":"M104 S200"}}"#;
    for body in [heat.to_owned(), format!("[{heat}]"), "{\"method\":\"unknown.method\"}".to_owned()]
    {
        refused(&raw(&origin, "POST /server/jsonrpc", &json, &body).await?, &body)?;
    }
    for headers in
        ["X-HTTP-Method-Override: POST\r\n", "X-Method-Override: POST\r\nX-HTTP-Method: POST\r\n"]
    {
        let headers = format!("{key}{headers}");
        refused(
            &raw(&origin, "GET /printer/gcode/script?script=M104", &headers, "").await?,
            &headers,
        )?;
        // The method that counts is the one that was sent.
        let read = raw(&origin, "GET /printer/info", &headers, "").await?;
        ensure!(read.starts_with("HTTP/1.1 200"), "{read}");
    }
    let heater = moonraker.api("/printer/objects/query?extruder=target").await?;
    let target = heater.pointer("/result/status/extruder/target");
    assert_eq!(target, Some(&serde_json::json!(0.0)), "{heater}");
    Ok(())
}

/// Refused as this person's request, or as one that nobody may send.
fn refused(answer: &str, what: &str) -> Result<()> {
    let level = answer.starts_with("HTTP/1.1 403") && answer.contains("\"not-allowed\"");
    let unclear = answer.starts_with("HTTP/1.1 400") && answer.contains("\"bad-request\"");
    ensure!(level || unclear, "{what}: {answer}");
    Ok(())
}

/// What is answered to a request of exactly these bytes.
async fn raw(origin: &PrinterOrigin<'_>, line: &str, headers: &str, body: &str) -> Result<String> {
    let (host, cookies) = (origin.host(), origin.cookies()?);
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookies}\r\n\
         {headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        origin.url(),
        body.len(),
    );
    let mut stream = origin.connect(Protocol::Http1).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    timeout(SOON, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
