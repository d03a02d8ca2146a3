//! What is large has a connection of its own between hub and agent.

use anyhow::{Result, ensure};
use http::Method;
use testkit::cable::Cable;

use crate::{
    house::printer,
    linking::{TwoMachines, at},
    workshop::{self, Workshop},
};

// covers: RL-1, RL-7
#[tokio::test]
async fn a_large_upload_has_a_connection_of_its_own() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let cable = Cable::new();
    let hub = cable.listen(([127, 0, 0, 1], machines.hub.port()).into()).await?;
    let (id, command) = machines.offer().await?;
    let command = at(&format!("https://{hub}"), command);
    let _agent = machines.linked_by((id, command), &workshop.url()).await?;
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
#[tokio::test]
async fn large_answers_have_a_connection_of_their_own() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let cable = Cable::new();
    let hub = cable.listen(([127, 0, 0, 1], machines.hub.port()).into()).await?;
    let (id, command) = machines.offer().await?;
    let command = at(&format!("https://{hub}"), command);
    let _agent = machines.linked_by((id, command), &workshop.url()).await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let before = cable.connections();
    for (path, more) in
        [("/known/65536", 0), ("/unknown/65536", 0), ("/unknown/65537", 1), ("/known/9999999", 1)]
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
