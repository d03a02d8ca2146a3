//! The data folder: where everything that Layerlock keeps is kept.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use etcetera::BaseStrategy;

/// The data folder of this run, made if it wasn't there. Only its owner may look inside.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder that was asked for, or this user's own.
    pub(crate) fn open(asked: Option<PathBuf>) -> anyhow::Result<Self> {
        let path = asked.map_or_else(users_own, Ok)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("the data folder {} can't be made", path.display()))?;
        let mode = fs::metadata(&path)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "others can look into the data folder; `chmod 700` it");
        }
        Ok(Self(path))
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the configuration is unless another file was named.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.0.join("layerlock.toml")
    }
}

fn users_own() -> anyhow::Result<PathBuf> {
    let folders = etcetera::choose_base_strategy()
        .context("there is no home folder to keep data in; name one with --data DIR")?;
    Ok(folders.data_dir().join("layerlock"))
}
