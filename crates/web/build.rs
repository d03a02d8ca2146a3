//! Builds the dashboard with npm and leaves it in `OUT_DIR/dist`, from where the crate embeds it.
//!
//! Several builds may run at once (another profile, another target folder), so nothing is written
//! beside the sources: they are copied to `OUT_DIR/web` and built there. Where Node.js is missing,
//! a page that says so takes the dashboard's place and Rust work goes on; where it is there, a
//! dashboard that does not compile is an error like any other.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What the dashboard's own tools need (Vite 8).
const OLDEST_NODE: (u32, u32) = (20, 19);
/// Set to anything: build without the dashboard, for instance without a network.
const LEAVE_OUT: &str = "LAYERLOCK_WITHOUT_DASHBOARD";
/// What the dashboard is made of, inside `web/`. Missing ones are skipped.
const SOURCES: [&str; 9] = [
    "src",
    "public",
    "scripts",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}\nTo build without the dashboard, set {LEAVE_OUT}=1.");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> io::Result<()> {
    println!("cargo:rustc-check-cfg=cfg(dashboard_built)");
    println!("cargo:rerun-if-env-changed={LEAVE_OUT}");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=missing");
    let places = Places::from_environment()?;
    if let Some(reason) = places.obstacle() {
        return places.embed_explanation(&reason);
    }
    places.build_dashboard()?;
    println!("cargo:rustc-cfg=dashboard_built");
    Ok(())
}

/// The folders that a build touches.
struct Places {
    /// The repository.
    root: PathBuf,
    /// This crate.
    krate: PathBuf,
    /// Cargo's folder for what this script makes.
    out: PathBuf,
}

impl Places {
    fn from_environment() -> io::Result<Self> {
        let folder = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
        let krate = folder("CARGO_MANIFEST_DIR")?;
        let root = krate.join("../..");
        Ok(Self { root, krate, out: folder("OUT_DIR")? })
    }

    fn openapi(&self) -> PathBuf {
        self.root.join("docs/openapi.json")
    }

    fn dist(&self) -> PathBuf {
        self.out.join("dist")
    }

    /// Why the dashboard can't be built here, as the end of a sentence.
    fn obstacle(&self) -> Option<String> {
        if env::var_os(LEAVE_OUT).is_some() {
            return Some(format!("{LEAVE_OUT} was set when it was built"));
        }
        for needed in [self.root.join("web/package-lock.json"), self.openapi()] {
            if !needed.exists() {
                let name = needed.strip_prefix(&self.root).unwrap_or(&needed).display().to_string();
                return Some(format!("{name} was not there when it was built"));
            }
        }
        node_obstacle()
    }

    fn embed_explanation(&self, reason: &str) -> io::Result<()> {
        println!("cargo:warning=The dashboard is left out: {reason}.");
        // A path that never exists makes cargo look again at every build, so that what was missing
        // is noticed as soon as it is there.
        if env::var_os(LEAVE_OUT).is_none() {
            println!("cargo:rerun-if-changed={}", self.out.join("look-again").display());
        }
        remove_if_there(&self.dist())?;
        fs::create_dir_all(self.dist())?;
        let page = fs::read_to_string(self.krate.join("missing/index.html"))?;
        fs::write(self.dist().join("index.html"), page.replace("{{reason}}", reason))?;
        fs::copy(self.krate.join("missing/missing.css"), self.dist().join("missing.css"))?;
        Ok(())
    }

    fn build_dashboard(&self) -> io::Result<()> {
        let work = self.out.join("web");
        self.copy_sources(&work)?;
        install_packages(&work)?;
        let dist = self.dist();
        run(npm(&work).args(["run", "build", "--", "--outDir"]).arg(&dist))?;
        if dist.join("index.html").exists() {
            return Ok(());
        }
        Err(io::Error::other("The dashboard's build left no index.html."))
    }

    /// Copies the sources, without leaving behind what has since been deleted.
    fn copy_sources(&self, work: &Path) -> io::Result<()> {
        for name in SOURCES {
            let from = self.root.join("web").join(name);
            let to = work.join(name);
            remove_if_there(&to)?;
            if from.exists() {
                println!("cargo:rerun-if-changed={}", from.display());
                copy(&from, &to)?;
            }
        }
        println!("cargo:rerun-if-changed={}", self.openapi().display());
        copy(&self.openapi(), &self.out.join("docs/openapi.json"))
    }
}

/// Why Node.js can't do it, if it can't.
fn node_obstacle() -> Option<String> {
    let Some(version) = node_version() else {
        return Some("Node.js was not found when it was built".to_owned());
    };
    if version < OLDEST_NODE {
        let (major, minor) = version;
        return Some(format!("it was built with Node.js {major}.{minor}, which is too old"));
    }
    let npm = Command::new("npm").arg("--version").output();
    (!npm.is_ok_and(|answer| answer.status.success()))
        .then(|| "npm was not found when it was built".to_owned())
}

/// Major and minor of `v20.19.2`.
fn node_version() -> Option<(u32, u32)> {
    let answer = Command::new("node").arg("--version").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Runs `npm ci`, unless it has already run for this very lock file.
fn install_packages(work: &Path) -> io::Result<()> {
    let lock = fs::read(work.join("package-lock.json"))?;
    let installed = work.join("node_modules/.installed-from.json");
    if fs::read(&installed).is_ok_and(|earlier| earlier == lock) {
        return Ok(());
    }
    run(npm(work).args(["ci", "--include=dev", "--omit-lockfile-registry-resolved"]))?;
    fs::write(installed, lock)
}

fn npm(work: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(work).args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    npm
}

/// Runs a command. The error is what it said.
fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(io::Error::other(format!("{command:?} failed.\n{said}")))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// Copies a file or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
