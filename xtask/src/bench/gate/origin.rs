//! The server behind: an nginx with one page.

use std::{fs, path::Path};

use anyhow::Result;

use crate::bench::{
    cores::{self, Cores},
    running::{Running, free_port},
};

/// What there is to see: 1 KiB.
pub(super) fn page() -> String {
    "0123456789abcde\n".repeat(64)
}

/// A running nginx.
pub(super) struct Origin {
    pub(super) port: u16,
    _running: Running,
}

/// Starts it in a folder, on the core of the load.
pub(super) fn start(folder: &Path, cores: &Cores) -> Result<Origin> {
    let port = free_port()?;
    let root = folder.join("origin");
    fs::create_dir(&root)?;
    fs::write(root.join("index.html"), page())?;
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(folder, port))?;
    let file = file.to_string_lossy().into_owned();
    let nginx = cores::on(&cores.others, Path::new("nginx"), &["-c", &file, "-e", "stderr"]);
    let running = Running::start("nginx", nginx, &folder.join("nginx.log"))?.listens(port)?;
    Ok(Origin { port, _running: running })
}

/// One process in the foreground, which keeps its connections for ever.
fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n\
         access_log off;\nkeepalive_requests 1000000000;\nopen_file_cache max=4;\n\
         client_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi;\nuwsgi_temp_path {folder}/uwsgi;\n\
         scgi_temp_path {folder}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; root {folder}/origin; }}\n}}\n"
    )
}
