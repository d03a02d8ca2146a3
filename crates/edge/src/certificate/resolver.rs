//! Which certificate a visitor gets: one for the hub's own names, and one per printer host. They
//! are apart so that no browser takes one printer's connection for another's, and so that
//! a certificate does not tell visitors which printers there are.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::SelfSigned;
use crate::Error;

/// Chooses by the name that a visitor asks for (SNI). Names and hosts can change while
/// connections are open.
pub struct Resolver {
    own: SelfSigned,
    /// Held while a new table is made, so that two changes at once don't undo each other.
    change: Mutex<()>,
    table: ArcSwap<Table>,
}

struct Table {
    names: Vec<String>,
    default: Arc<CertifiedKey>,
    hosts: HashMap<String, Arc<CertifiedKey>>,
}

impl Resolver {
    /// Serves `names` (host names and addresses), and gives their certificate to everyone who asks
    /// for a name that is no host. Blocks on the disk.
    pub fn new(own: SelfSigned, names: &[String]) -> Result<Self, Error> {
        let default = own.certificate_for(names)?;
        let table = Table { names: lower_case(names), default, hosts: HashMap::new() };
        Ok(Self { own, change: Mutex::new(()), table: ArcSwap::from_pointee(table) })
    }

    /// Replaces the hub's own names. Blocks on the disk.
    pub fn set_names(&self, names: &[String]) -> Result<(), Error> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let default = self.own.certificate_for(names)?;
        let hosts = self.table.load().hosts.clone();
        self.table.store(Arc::new(Table { names: lower_case(names), default, hosts }));
        Ok(())
    }

    /// Replaces the printers' hosts; each gets a certificate of its own. Blocks on the disk.
    pub fn set_hosts(&self, hosts: &[String]) -> Result<(), Error> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.table.load_full();
        let hosts = self.certificates(&lower_case(hosts), &old.hosts)?;
        let (names, default) = (old.names.clone(), Arc::clone(&old.default));
        self.table.store(Arc::new(Table { names, default, hosts }));
        Ok(())
    }

    /// Remakes what nears its end. Blocks on the disk.
    pub fn renew(&self) -> Result<(), Error> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.table.load_full();
        let hosts: Vec<String> = old.hosts.keys().cloned().collect();
        let hosts = self.certificates(&hosts, &HashMap::new())?;
        let default = self.own.certificate_for(&old.names)?;
        self.table.store(Arc::new(Table { names: old.names.clone(), default, hosts }));
        Ok(())
    }

    /// Whether a host name or address is one of ours.
    pub fn knows(&self, name: &str) -> bool {
        let table = self.table.load();
        let name = name.to_ascii_lowercase();
        table.names.contains(&name) || table.hosts.contains_key(&name)
    }

    /// SHA-256 of the key's `SubjectPublicKeyInfo`, the same in all certificates.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.own.fingerprint()
    }

    fn certificates(
        &self,
        hosts: &[String],
        known: &HashMap<String, Arc<CertifiedKey>>,
    ) -> Result<HashMap<String, Arc<CertifiedKey>>, Error> {
        let certificate = |host: &String| {
            let known = known.get(host).map(Arc::clone);
            let key =
                known.map_or_else(|| self.own.certificate_for(std::slice::from_ref(host)), Ok)?;
            Ok((host.clone(), key))
        };
        hosts.iter().map(certificate).collect()
    }
}

fn lower_case(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let table = self.table.load();
        let host = hello.server_name().map(str::to_ascii_lowercase);
        let own = host.and_then(|host| table.hosts.get(&host).map(Arc::clone));
        Some(own.unwrap_or_else(|| Arc::clone(&table.default)))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.load();
        f.debug_struct("Resolver").field("names", &table.names).finish_non_exhaustive()
    }
}
