//! The data folder: where everything that Layerlock keeps is kept.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use etcetera::BaseStrategy;

/// The data folder of this run. Only its owner may look inside.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder that was asked for, or this user's own. Nothing is made yet.
    pub(crate) fn named(asked: Option<PathBuf>) -> anyhow::Result<Self> {
        asked.map_or_else(users_own, Ok).map(Self)
    }

    /// Makes the folder if it isn't there, and warns if others can look inside.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let path = &self.0;
        anyhow::ensure!(
            path.is_dir() || !path.exists(),
            "{} is a file; --data takes a folder",
            path.display()
        );
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data folder {} can't be made", path.display()))?;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            tracing::warn!(
                "others can look into the data folder; run: chmod 700 {}",
                path.display()
            );
        }
        Ok(())
    }

    /// Whether a hub has ever run with this folder.
    pub(crate) fn has_hub(&self) -> bool {
        self.0.join("hub").is_dir()
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
