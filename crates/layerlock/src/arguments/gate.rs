//! `layerlock gate` and `layerlock hash`.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use clap::Args;
use credentials::HashKind;
use gate::{BaseUrl, HashText, Settings};

/// Options of `layerlock gate`. What is given here stands before the `[gate]` section of the
/// configuration file.
#[derive(Debug, Clone, Args)]
pub(crate) struct Gate {
    /// The printer's own pages, for example `http://127.0.0.1:5000`.
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<BaseUrl>,

    /// A network or an address that needs no password, for example 192.168.1.0/24. May be repeated.
    #[arg(long, value_name = "CIDR")]
    pub(crate) inside: Vec<String>,

    /// A person with a password from outside: a name and a hash that `layerlock hash` printed. May
    /// be repeated. Others on this machine can see it; the configuration file is the better place.
    #[arg(long = "user", value_name = "NAME:HASH")]
    pub(crate) users: Vec<NameAndHash>,

    /// What browsers show when they ask for the password [default: 3D printer].
    #[arg(long, value_name = "TEXT")]
    pub(crate) realm: Option<String>,

    /// Address and port for HTTPS [default: [::]:8443, every interface].
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Address and port that redirect to HTTPS [default: none].
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,

    /// A proxy whose word about a visitor's address counts. May be repeated.
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    pub(crate) trusted_proxies: Vec<String>,

    /// A host name by which people reach the gate, besides this machine's own. May be repeated.
    #[arg(long = "name", value_name = "HOST")]
    pub(crate) names: Vec<String>,

    /// Let the printer see the user name and password that opened the gate.
    #[arg(long)]
    pub(crate) pass_credentials: bool,

    #[command(flatten)]
    pub(crate) haproxy: Haproxy,
}

/// A gate made of another program's file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Haproxy {
    /// Take people, home networks and servers from this haproxy.cfg. What in it keeps anybody out
    /// and can't be honoured is refused with its line.
    #[arg(
        long = "from-haproxy",
        value_name = "FILE",
        conflicts_with_all = ["upstream", "inside", "users", "realm"]
    )]
    pub(crate) file: Option<PathBuf>,

    /// Which frontend of the file, if there are several.
    #[arg(long, value_name = "NAME", requires = "file")]
    pub(crate) frontend: Option<String>,

    /// Only say what became of each line of the file.
    #[arg(long, requires = "file")]
    pub(crate) check: bool,
}

/// Options of `layerlock hash`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Hash {
    /// scrypt, sha512-crypt, argon2id or bcrypt.
    #[arg(long, value_name = "KIND", default_value = "scrypt")]
    pub(crate) kind: HashKind,
}

/// `NAME:HASH`
#[derive(Debug, Clone)]
pub(crate) struct NameAndHash(String, HashText);

/// A text that is none.
#[derive(Debug, thiserror::Error)]
#[error("write it as NAME:HASH, with a hash that `layerlock hash` printed, in single quotes")]
pub(crate) struct NoHash;

impl FromStr for NameAndHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let (name, hash) = text.split_once(':').ok_or(NoHash)?;
        Ok(Self(name.to_owned(), HashText(hash.to_owned())))
    }
}

impl Gate {
    /// Which `--user`, from 1, named a person; the last one counts.
    pub(crate) fn place_of_user(&self, name: &str) -> Option<usize> {
        self.users.iter().rposition(|NameAndHash(given, _)| given == name).map(|place| place + 1)
    }

    /// The configured settings, with what the command line says instead.
    pub(crate) fn over(&self, mut settings: Settings) -> Settings {
        let instead = |list: &mut Vec<String>, given: &Vec<String>| {
            if !given.is_empty() {
                list.clone_from(given);
            }
        };
        instead(&mut settings.inside, &self.inside);
        instead(&mut settings.trusted_proxies, &self.trusted_proxies);
        instead(&mut settings.names, &self.names);
        if !self.users.is_empty() {
            let pair = |NameAndHash(name, hash): &NameAndHash| (name.clone(), hash.clone());
            settings.users = self.users.iter().map(pair).collect();
        }
        settings.upstream = self.upstream.clone().or(settings.upstream);
        settings.realm = self.realm.clone().unwrap_or(settings.realm);
        settings.listen = self.listen.unwrap_or(settings.listen);
        settings.http = self.http.or(settings.http);
        settings.pass_credentials |= self.pass_credentials;
        settings
    }
}
