//! Real proxies before a hub: nginx and haproxy, as people run them, but that they hang up on
//! whoever is quiet for [`IDLE`]. They end TLS with a certificate of their own and speak HTTP/1.1
//! to the hub.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{process::Process, rig, wait};

/// How long a connection may be quiet before it is closed.
pub const IDLE: Duration = Duration::from_secs(3);

const DEADLINE: Duration = Duration::from_secs(20);

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// nginx, with the headers that its manual gives for WebSockets.
    Nginx,
    /// haproxy in HTTP mode.
    Haproxy,
}

/// A running proxy.
pub struct Proxy {
    _process: Process,
    port: u16,
    _directory: TempDir,
}

impl Proxy {
    /// Starts one before the hub whose data folder this is and that listens on this port of
    /// 127.0.0.1; it borrows the hub's certificate.
    ///
    /// # Errors
    /// It isn't installed, or doesn't start.
    pub async fn start(kind: Kind, hub_data: &Path, hub_port: u16) -> Result<Self> {
        let (directory, port) = (tempfile::tempdir()?, rig::free_port()?);
        let pem = directory.path().join("tls.pem");
        fs::write(&pem, certificate_and_key(&hub_data.join("hub/tls"))?)?;
        let written = directory.path().join("proxy.conf");
        let text = match kind {
            Kind::Nginx => nginx(directory.path(), port, hub_port),
            Kind::Haproxy => haproxy(&pem, port, hub_port),
        };
        fs::write(&written, text)?;
        let process = Process::start(&format!("{kind:?}"), command(kind, directory.path())?)?;
        wait::until("the proxy to listen", DEADLINE, async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        })
        .await
        .with_context(|| process.lines().join("\n"))?;
        Ok(Self { _process: process, port, _directory: directory })
    }

    /// `https://localhost:PORT`
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

fn certificate_and_key(folder: &Path) -> Result<String> {
    let mut parts = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            parts.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(parts)
}

fn command(kind: Kind, directory: &Path) -> Result<Command> {
    let configuration = directory.join("proxy.conf");
    let mut command = Command::new(installed(match kind {
        Kind::Nginx => "nginx",
        Kind::Haproxy => "haproxy",
    })?);
    match kind {
        Kind::Nginx => command.arg("-p").arg(directory).arg("-c").arg(configuration),
        Kind::Haproxy => command.arg("-db").arg("-f").arg(configuration),
    };
    Ok(command)
}

fn installed(name: &str) -> Result<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let places = folders.iter().map(|folder| Path::new(folder).join(name));
    let found = places.into_iter().find(|path| path.is_file());
    found.with_context(|| format!("{name} is not installed: run `cargo xtask rigs`"))
}

fn nginx(directory: &Path, port: u16, hub_port: u16) -> String {
    let (directory, idle) = (directory.display(), IDLE.as_secs());
    format!(
        "daemon off;\nworker_processes 1;\npid {directory}/pid;\nerror_log stderr warn;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n\
           access_log off;\n\
           client_body_temp_path {directory}/body;\nproxy_temp_path {directory}/proxy;\n\
           fastcgi_temp_path {directory}/fastcgi;\nuwsgi_temp_path {directory}/uwsgi;\n\
           scgi_temp_path {directory}/scgi;\n\
           map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n\
           server {{\n\
             listen 127.0.0.1:{port} ssl http2;\n\
             ssl_certificate {directory}/tls.pem;\nssl_certificate_key {directory}/tls.pem;\n\
             location / {{\n\
               proxy_pass https://127.0.0.1:{hub_port};\n\
               proxy_http_version 1.1;\n\
               proxy_set_header Host $http_host;\n\
               proxy_set_header Upgrade $http_upgrade;\n\
               proxy_set_header Connection $connection_upgrade;\n\
               proxy_read_timeout {idle}s;\nproxy_send_timeout {idle}s;\n\
             }}\n\
           }}\n\
         }}\n"
    )
}

fn haproxy(pem: &Path, port: u16, hub_port: u16) -> String {
    let (pem, idle) = (pem.display(), IDLE.as_secs());
    format!(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client {idle}s\n  \
         timeout server {idle}s\n  timeout tunnel {idle}s\n\
         frontend visitors\n  bind 127.0.0.1:{port} ssl crt {pem} alpn h2,http/1.1\n  \
         default_backend hub\n\
         backend hub\n  server hub 127.0.0.1:{hub_port} ssl verify none alpn http/1.1\n"
    )
}
