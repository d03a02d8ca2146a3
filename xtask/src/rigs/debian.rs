//! Programs and libraries that come from the operating system: a browser, a database server, proxies,
//! Python's virtual environments, and what the real printer software is compiled with or loads.

use std::path::Path;

use anyhow::{Result, bail};

use super::{
    environment::{self, python_can},
    say,
};
use crate::{
    command::{command, find, output, run},
    postgres,
    repository::Repository,
};

/// Names under which Chromium is known.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

const HAS_HEADERS: &str = "import os, sys, sysconfig; \
     sys.exit(not os.path.exists(sysconfig.get_path('include') + '/Python.h'))";

/// Installs the missing packages with `apt-get` when this is root, else says which they are.
pub(super) fn install(repository: &Repository) -> Result<()> {
    let missing = missing(repository);
    if missing.is_empty() {
        say("system", "Chromium, PostgreSQL, nginx, haproxy, Python and libraries are there");
        return Ok(());
    }
    let packages = missing.join(" ");
    let is_root = output(command(&repository.root, "id", &["-u"]))?.trim() == "0";
    if !is_root || find("apt-get").is_none() {
        bail!("some programs are missing. Install them, then run this again:\n\n    {}\n", {
            format!("sudo apt-get install -y --no-install-recommends {packages}")
        });
    }
    say("system", &format!("installing {packages} with apt-get"));
    run(command(&repository.root, "apt-get", &["update", "-qq"]))?;
    let mut install = command(&repository.root, "apt-get", &["install", "-y", "-qq"]);
    install.arg("--no-install-recommends").args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    run(install)
}

/// Servers are installed where only administrators look.
fn is_server(name: &str) -> bool {
    find(name).is_some() || Path::new("/usr/sbin").join(name).is_file()
}

fn missing(repository: &Repository) -> Vec<&'static str> {
    let loads =
        |library: &str| python_can(repository, &format!("import ctypes; ctypes.CDLL({library:?})"));
    let there = [
        ("chromium", BROWSERS.iter().any(|name| find(name).is_some())),
        ("postgresql", postgres::programs().is_some()),
        ("nginx-light", is_server("nginx")),
        ("haproxy", is_server("haproxy")),
        // Network namespaces.
        ("iproute2", is_server("ip") || find("ip").is_some()),
        ("python3-venv", environment::python(repository).is_some()),
        // klippy compiles a part of itself; so does what PrusaLink names its threads with.
        ("gcc", find("gcc").is_some()),
        // libFuzzer is C++.
        ("g++", find("c++").is_some()),
        ("libc6-dev", Path::new("/usr/include/stdio.h").exists()),
        ("python3-dev", python_can(repository, HAS_HEADERS)),
        ("libcap-dev", Path::new("/usr/include/sys/capability.h").exists()),
        ("libturbojpeg0", loads("libturbojpeg.so.0")),
        ("libmagic1", loads("libmagic.so.1")),
    ];
    there.iter().filter(|(_, there)| !there).map(|(package, _)| *package).collect()
}
