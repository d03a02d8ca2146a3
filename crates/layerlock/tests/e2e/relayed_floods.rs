//! Somebody who may use a printer floods the hub over HTTP/2, on his own connection, with requests
//! that are relayed. Others who use it notice nothing, and the agent stays on the same tunnel.

use anyhow::{Context, Result, ensure};
use testkit::{
    client::{PrinterOrigin, Protocol},
    frames::{self, END_STREAM, Kind},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    house::{SOON, printer},
    linking::TwoMachines,
    workshop::Workshop,
};

/// As much as one attack sends, unless the hub ends the connection.
const MUCH: usize = 8 * 1024 * 1024;

/// The fields of a request.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// What is sent first, and what again and again, each on a stream of its own.
struct Attack {
    name: &'static str,
    opening: Vec<u8>,
    again: fn(u32, Fields<'_>) -> Vec<u8>,
}

fn attacks(fields: Fields<'_>) -> Vec<Attack> {
    let upload = frames::headers(1, 0, fields);
    vec![
        Attack {
            name: "resets of requests that have just begun",
            opening: Vec::new(),
            again: |stream, fields| {
                [frames::headers(stream, END_STREAM, fields), frames::reset(stream)].concat()
            },
        },
        Attack {
            name: "resets of uploads in the middle",
            opening: Vec::new(),
            again: |stream, fields| {
                let piece = frames::data(stream, 0, &[b'x'; 1024]);
                [frames::headers(stream, 0, fields), piece, frames::reset(stream)].concat()
            },
        },
        Attack {
            name: "window updates of nothing",
            opening: Vec::new(),
            again: |stream, fields| {
                [frames::headers(stream, 0, fields), frames::window_update(stream, 0)].concat()
            },
        },
        Attack {
            name: "empty pieces of an upload",
            opening: upload.clone(),
            again: |_, _| frames::data(1, 0, &[]),
        },
        Attack {
            name: "a window that overflows",
            opening: upload,
            again: |_, _| frames::window_update(1, 0x7fff_ffff),
        },
        Attack {
            name: "a header without an end",
            opening: frames::frame(Kind::Headers, END_STREAM, 1, &frames::block(fields)),
            again: |_, _| frames::frame(Kind::Continuation, 0, 1, &frames::block(&[("x-a", "b")])),
        },
    ]
}

/// Sends an attack until the hub hangs up, or there was much of it.
async fn carry_out(attack: &Attack, fields: Fields<'_>, at: &PrinterOrigin<'_>) -> Result<()> {
    let (mut read, mut write) = tokio::io::split(at.connect(Protocol::Http2).await?);
    write.write_all(&[frames::PREFACE, &attack.opening].concat()).await?;
    let sends = async {
        let (mut sent, mut stream) = (0, 3);
        while sent < MUCH {
            let batch: Vec<u8> =
                (0..32).flat_map(|n| (attack.again)(stream + 2 * n, fields)).collect();
            (sent, stream) = (sent + batch.len(), stream + 64);
            if write.write_all(&batch).await.is_err() || write.flush().await.is_err() {
                break;
            }
        }
    };
    let mut answers = [0; 16 * 1024];
    let reads = async { while matches!(read.read(&mut answers).await, Ok(1..)) {} };
    let over = async {
        tokio::select! {
            () = sends => {}
            () = reads => {}
        }
    };
    timeout(SOON, over).await.with_context(|| format!("{} are taken slowly", attack.name))
}

// covers: RL-7, SV-3
#[tokio::test]
async fn visitor_floods_the_relay_over_http_2() -> Result<()> {
    let workshop = Workshop::start().await?;
    let machines = TwoMachines::start().await?;
    let agent = machines.linked(&workshop.url()).await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let cookies = origin.cookies()?;
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", origin.host()),
        (":path", "/upload"),
        ("cookie", &cookies),
        ("origin", origin.url()),
        ("sec-fetch-site", "same-origin"),
    ];
    for attack in attacks(&fields) {
        let others = async {
            for _ in 0..5 {
                let page = timeout(SOON, origin.get("/")).await??;
                ensure!(page.status == 200 && page.text == "a printer", "{page:?}");
            }
            Ok(())
        };
        let (carried_out, served) = tokio::join!(carry_out(&attack, &fields, &origin), others);
        carried_out?;
        served.with_context(|| format!("during {}", attack.name))?;
        let after = timeout(SOON, origin.get("/")).await??;
        ensure!(after.status == 200, "after {}: {after:?}", attack.name);
    }
    let connections =
        agent.lines().iter().filter(|line| line.contains("connected to the hub")).count();
    assert_eq!(connections, 1, "{}", agent.lines().join("\n"));
    Ok(())
}
