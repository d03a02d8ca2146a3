//! What is large has a connection of its own between hub and agent. (Programs that are stopped say
//! goodbye through the cable, which needs a thread beside the one that waits for their end.)

use std::time::Duration;

use anyhow::{Result, ensure};
use http::Method;
use testkit::{
    cable::{Cable, Direction, Weather},
    process::Process,
};

use crate::{
    house::printer,
    linking::{TwoMachines, at},
    workshop::{self, Workshop},
};

/// Hub and agent, with a cable between them. The agent ends first.
struct Wired {
    _agent: Process,
    machines: TwoMachines,
    cable: Cable,
    _workshop: Workshop,
}

impl Wired {
    async fn start() -> Result<Self> {
        let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
        let cable = Cable::new();
        let hub = cable.listen(([127, 0, 0, 1], machines.hub.port()).into()).await?;
        let (id, command) = machines.offer().await?;
        let command = at(&format!("https://{hub}"), command);
        let agent = machines.linked_by((id, command), &workshop.url()).await?;
        Ok(Self { _agent: agent, machines, cable, _workshop: workshop })
    }
}

// covers: RL-1, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_has_a_connection_of_its_own() -> Result<()> {
    let Wired { cable, machines, .. } = &Wired::start().await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let before = cable.connections();
    for (length, more) in [(1 << 10, 0), (1 << 20, 1), (5 << 20, 1)] {
        let upload = origin.request(Method::POST, "/upload").body(vec![0x5a; length]);
        let answer = upload.send().await?;
        ensure!(answer.status() == 201, "{}", answer.status());
        assert_eq!(answer.text().await?, length.to_string());
        assert_eq!(cable.connections(), before + more, "{length}");
    }
    Ok(())
}

// covers: RL-1, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_answers_have_a_connection_of_their_own() -> Result<()> {
    let Wired { cable, machines, .. } = &Wired::start().await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let before = cable.connections();
    for (path, more) in
        [("/known/65536", 0), ("/unknown/65535", 0), ("/unknown/65536", 1), ("/known/9999999", 1)]
    {
        let answer = origin.request(Method::GET, path).send().await?;
        let said = answer.content_length();
        let length = path.rsplit('/').next().unwrap_or_default();
        assert_eq!(
            said.map(|said| said.to_string() == length),
            path.starts_with("/known").then_some(true)
        );
        let body = answer.bytes().await?;
        assert_eq!(body.len().to_string(), length, "{path}");
        ensure!(body.iter().enumerate().all(|(at, byte)| *byte == workshop::pattern(at)), "{path}");
        assert_eq!(cable.connections(), before + more, "{path}");
    }
    Ok(())
}

// covers: RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buttons_work_beside_an_upload_that_fills_a_slow_line() -> Result<()> {
    let Wired { cable, machines, .. } = &Wired::start().await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let delay = Duration::from_millis(50);
    for direction in [Direction::Up, Direction::Down] {
        cable.set(direction, Weather { delay, rate: Some(1 << 20), ..Weather::default() });
    }
    let upload = origin.request(Method::POST, "/upload").body(vec![0x5a; 4 << 20]).send();
    let mut answered = 0;
    let buttons = async {
        loop {
            let button = origin.request(Method::POST, &format!("/numbered/{answered}"));
            ensure!(button.send().await?.status() == 200, "button {answered} failed");
            answered += 1;
        }
    };
    tokio::select! {
        uploaded = upload => ensure!(uploaded?.status() == 201, "the upload failed"),
        failed = buttons => return failed,
    }
    ensure!(answered >= 3, "{answered} buttons were answered during the upload");
    Ok(())
}
