//! Tables of `lookup`: sent along with the query, or files in the folder `lookups` of the data directory.

use gastrolog_exec::SideTable;

use super::{Gathering, csv};
use crate::{Engine, EngineError};

/// Most MiB of CSV.
const MIB_MAX: u64 = 64;

/// Longest name of a table.
const NAME_BYTES_MAX: usize = 64;

/// Tables that are named when there is none of the name asked for.
const TABLES_SHOWN_MAX: usize = 20;

impl Engine {
    /// The columns of a table that are needed: `key`, and `fields` or all if there are none.
    pub(super) fn lookup_table(
        &self,
        name: &str,
        key: &str,
        fields: &[String],
        with: &Gathering<'_>,
    ) -> Result<SideTable, EngineError> {
        if !is_name(name) {
            return Err(EngineError::BadQuery(format!(
                "{name:?} cannot be the name of a table: up to {NAME_BYTES_MAX} letters, digits, - and _"
            )));
        }
        let sent = with.request.lookups.iter().find(|(sent, _)| sent == name);
        let read;
        let text = match sent {
            Some((_, text)) => text,
            None => {
                read = self.lookup_file(name)?;
                &read
            }
        };
        if text.len() as u64 > MIB_MAX << 20 {
            return Err(too_large(name));
        }
        csv::table(name, text, csv::Wanted { key, fields }, with)
    }

    fn lookup_file(&self, name: &str) -> Result<Vec<u8>, EngineError> {
        let (fs, path) = (&self.env.fs, self.lookups_dir().join(format!("{name}.csv")));
        let failed = |e: gastrolog_env::EnvError| EngineError::Unavailable(e.to_string());
        if !fs.exists(&path).map_err(failed)? {
            let known = self.lookup_names();
            let known = if known.is_empty() { "none".to_owned() } else { known };
            return Err(EngineError::NotFound(format!(
                "there is no table {name:?}: none was sent along with the query (--lookup), and there is no file {} \
                 (tables there: {known})",
                path.display()
            )));
        }
        if fs.size(&path).map_err(failed)? > MIB_MAX << 20 {
            return Err(too_large(name));
        }
        fs.read(&path).map_err(failed)
    }

    fn lookups_dir(&self) -> std::path::PathBuf {
        self.root.parent().unwrap_or(&self.root).join("lookups")
    }

    /// The tables in the data directory, as far as they are few.
    fn lookup_names(&self) -> String {
        let entries = self.env.fs.list(&self.lookups_dir()).unwrap_or_default();
        let names = entries.iter().filter_map(|e| e.name.to_str()?.strip_suffix(".csv"));
        names.take(TABLES_SHOWN_MAX).collect::<Vec<_>>().join(", ")
    }
}

fn too_large(name: &str) -> EngineError {
    EngineError::Refused(format!("the table {name} has more than {MIB_MAX} MiB"))
}

/// Names become files, so they are kept plain: nothing in them can lead out of the folder.
fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}
