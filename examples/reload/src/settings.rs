//! The configuration file.

use std::num::NonZeroU32;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The name of this configuration, in each answer and in the list of the database's sessions.
    pub(crate) name: String,
    /// The address of the server: `127.0.0.1:8080`.
    pub(crate) listen: String,
    /// The URL of the database.
    pub(crate) database: String,
    /// The number of connections in the pool.
    pub(crate) connections: NonZeroU32,
}

impl Settings {
    pub(crate) async fn read(path: &Path) -> anyhow::Result<Settings> {
        let text =
            tokio::fs::read(path).await.with_context(|| format!("cannot read `{}`", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("`{}` is not valid", path.display()))
    }
}
