use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};

use super::*;

const SOON: Duration = Duration::from_secs(30);

async fn echo(stream: &mut DuplexStream) {
    let mut buffer = vec![0; 1024];
    while let Ok(size @ 1..) = stream.read(&mut buffer).await {
        stream.write_all(&buffer[..size]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_take_their_time_and_are_counted() {
    let cable = Cable::new();
    let delay = Duration::from_millis(100);
    cable.set(Direction::Up, Weather { delay, ..Weather::default() });
    cable.set(Direction::Down, Weather { rate: Some(1_000), ..Weather::default() });
    let (mut near, mut far) = cable.pipe();
    tokio::spawn(async move { echo(&mut far).await });
    let started = Instant::now();
    near.write_all(&[7; 500]).await.unwrap();
    near.read_exact(&mut [0; 500]).await.unwrap();
    assert_eq!(started.elapsed().as_millis(), 100 + 500);
    assert_eq!(cable.carried(Direction::Up), 500);
    assert_eq!(cable.carried(Direction::Down), 500);
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_arrives_when_the_cable_is_mended() {
    let cable = Cable::new();
    let (mut near, mut far) = cable.pipe();
    cable.lose(Direction::Up);
    near.write_all(b"hello").await.unwrap();
    drop(near);
    let mut word = [0; 5];
    assert!(timeout(SOON, far.read_exact(&mut word)).await.is_err());
    cable.mend();
    far.read_exact(&mut word).await.unwrap();
    assert_eq!(far.read(&mut word).await.unwrap(), 0, "and that it was hung up");
}

#[tokio::test]
async fn a_cut_ends_what_there_is_and_nothing_new() {
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let cable = Cable::new();
    let address = cable.listen(target.local_addr().unwrap()).await.unwrap();
    for made in 1..3 {
        let mut near = TcpStream::connect(address).await.unwrap();
        let (mut far, _) = timeout(SOON, target.accept()).await.unwrap().unwrap();
        near.write_all(b"x").await.unwrap();
        far.read_exact(&mut [0]).await.unwrap();
        cable.cut();
        assert!(!matches!(timeout(SOON, near.read(&mut [0])).await.unwrap(), Ok(1..)));
        assert_eq!(cable.connections(), made);
    }
}
