use super::*;

struct Fixed(Vec<IpAddr>);

impl Names for Fixed {
    fn addresses(&self, _name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

async fn addresses(text: &str, scope: Scope, found: &[&str]) -> (Vec<IpAddr>, Vec<Skipped>) {
    let names = Fixed(found.iter().map(|address| address.parse().unwrap()).collect());
    let resolved = resolve(&[target(text)], scope, &names).await;
    (resolved.subjects.iter().map(|subject| subject.address).collect(), resolved.skipped)
}

#[test]
fn targets_are_read_as_people_write_them() {
    let v6: IpAddr = "fd00::1".parse().unwrap();
    assert_eq!(target("octopi.local:5000"), Target::Name("octopi.local".to_owned(), Some(5000)));
    assert_eq!(target("[fd00::1]:80"), Target::Address(v6, Some(80)));
    assert_eq!(target("fd00::1"), Target::Address(v6, None));
    assert_eq!(target("192.168.1.7/24").to_string(), "192.168.1.0/24");
    for wrong in [
        "",
        "a b",
        "http://octopi",
        "octopi:0",
        "octopi:70000",
        "127.1",
        "0x7f000001",
        "2130706433",
        "fe80::1%eth0",
        "\x1b[2J",
        "user@host",
    ] {
        assert!(wrong.parse::<Target>().is_err(), "{wrong:?}");
    }
}

// covers: XA-1
#[test]
fn huge_networks_are_refused_before_they_are_counted_out() {
    for huge in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/64"] {
        assert_eq!(check_size(&[target(huge)]), Err(Error::TooMany), "{huge}");
    }
    let many: Vec<_> = (0..5).map(|n| target(&format!("10.0.{n}.0/24"))).collect();
    assert_eq!(check_size(&many), Err(Error::TooMany));
    assert_eq!(check_size(&many[..4]), Ok(()));
}

// covers: XA-1
#[tokio::test]
async fn public_addresses_are_left_alone_without_a_word() {
    for public in ["203.0.113.7", "[::ffff:203.0.113.7]:80", "203.0.113.0/24"] {
        let (found, skipped) = addresses(public, Scope::Private, &[]).await;
        assert!(found.is_empty(), "{public}");
        assert_eq!(skipped.len(), 1, "{public}: {skipped:?}");
        assert!(skipped[0].reason.contains("--i-own-this"), "{skipped:?}");
    }
    let (found, _) = addresses("203.0.113.0/30", Scope::Owned, &[]).await;
    assert_eq!(found.len(), 2);
}

// covers: XA-1
#[tokio::test]
async fn name_that_resolves_to_public_and_private_addresses() {
    let both = ["192.168.1.9", "203.0.113.7", "::ffff:169.254.169.254"];
    let (found, skipped) = addresses("printer.example", Scope::Private, &both).await;
    assert_eq!(found, ["192.168.1.9".parse::<IpAddr>().unwrap()]);
    assert_eq!(skipped.len(), 2, "{skipped:?}");
}

#[tokio::test]
async fn a_host_that_is_named_twice_is_looked_at_once() {
    let targets = [target("127.0.0.1"), target("127.0.0.0/30"), target("127.0.0.1:5000")];
    let resolved = resolve(&targets, Scope::Private, &Fixed(Vec::new())).await;
    assert_eq!(resolved.subjects.len(), 3, "{:?}", resolved.subjects);
}
