//! Redaction of input that could not be taken apart: only what goes by pattern can be applied to it.

use std::sync::Arc;

use gastrolog_ingest::samples::Scrub;

use crate::Process;

/// What begins like this is compressed: gzip, zstd, and zlib where it is not text as well.
const PACKED_ANYWHERE: [&[u8]; 5] =
    [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x9c", b"\x78\xda"];
/// And this is if it stands at the beginning: zlib, and a part of a message of GELF.
const PACKED_AT_BEGIN: [&[u8]; 2] = [b"\x78\x5e", b"\x1e\x0f"];

/// Takes secrets out of samples: all that any of some processings would take out.
pub struct Scrubber {
    processes: Vec<Arc<Process>>,
}

impl Scrubber {
    /// Of those of `processes` that redact; `None` when none does.
    pub fn new(processes: impl IntoIterator<Item = Arc<Process>>) -> Option<Scrubber> {
        let processes: Vec<_> = processes.into_iter().filter(|process| process.redacts()).collect();
        (!processes.is_empty()).then_some(Scrubber { processes })
    }

    fn names_fields(&self) -> bool {
        self.processes.iter().any(|process| process.redacts_fields())
    }

    /// Until no pattern of any of them matches: what one leaves may be a secret to another.
    fn without_patterns(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut text = text.to_vec();
        for _ in 0..=self.processes.len() {
            let mut changed = false;
            for process in &self.processes {
                if let Some(redacted) = process.redacted(&text) {
                    (text, changed) = (redacted, true);
                }
            }
            if !changed {
                return Some(text);
            }
        }
        None
    }
}

impl Scrub for Scrubber {
    fn raw(&self, raw: &[u8]) -> Result<Vec<u8>, &'static str> {
        if self.names_fields() {
            return Err("redaction names fields, and it has none that can be relied on");
        }
        if is_packed(raw) {
            return Err("compressed: it cannot be redacted");
        }
        self.without_patterns(raw).ok_or("it goes on to match patterns of redaction")
    }

    fn words(&self, text: &str) -> String {
        // Errors quote what they are about: that may be the value of a field.
        let text = match self.names_fields() {
            true => text.split(['"', '\'', '`']).next().unwrap_or_default(),
            false => text,
        };
        let redacted = self.without_patterns(text.as_bytes()).unwrap_or_default();
        String::from_utf8_lossy(&redacted).into_owned()
    }
}

fn is_packed(raw: &[u8]) -> bool {
    let holds = |magic: &&[u8]| raw.windows(magic.len()).any(|window| window == *magic);
    PACKED_ANYWHERE.iter().any(holds) || PACKED_AT_BEGIN.iter().any(|magic| raw.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use gastrolog_index::Pipeline;

    use super::*;
    use crate::ProcessConfig;
    use crate::redact::{Action, RedactConfig};

    fn scrubber(fields: &[&str], patterns: &[&str]) -> Scrubber {
        let owned = |all: &[&str]| all.iter().map(|one| one.to_string()).collect();
        let rule =
            RedactConfig { fields: owned(fields), patterns: owned(patterns), action: Action::default() };
        let config = ProcessConfig { redact: vec![rule], ..ProcessConfig::default() };
        let process = Process::new(&config, Arc::new(Pipeline::new(Vec::new()))).unwrap();
        let plain = Process::new(&ProcessConfig::default(), Arc::new(Pipeline::new(Vec::new()))).unwrap();
        Scrubber::new([Arc::new(plain), Arc::new(process)]).unwrap()
    }

    #[test]
    fn patterns_go_wherever_they_stand() {
        let scrub = scrubber(&[], &["card", "email"]);
        let raw = scrub.raw(b"{\"card\": 4111 1111 1111 1111,\xff ann@example.com").unwrap();
        assert_eq!(raw, b"{\"card\": [redacted],\xff [redacted]");
        assert_eq!(scrub.words("unknown action \"bob@example.com\""), "unknown action \"[redacted]\"");
    }

    #[test]
    fn what_cannot_be_redacted_is_left_out() {
        let scrub = scrubber(&["password"], &[]);
        assert!(scrub.raw(b"{\"password\": \"hunter2").is_err());
        assert_eq!(scrub.words("no such action \"hunter2\""), "no such action ");
        let scrub = scrubber(&[], &["card"]);
        for packed in [&b"\x1f\x8b\x08\0rest"[..], b"2C\0\0\0\x09\x78\x9cbytes", b"\x1e\x0f12345678"] {
            assert!(scrub.raw(packed).is_err(), "{packed:?}");
        }
        assert!(scrub.raw(b"so x^2 is plain").is_ok());
    }

    #[test]
    fn without_redaction_there_is_nothing_to_do() {
        let plain = Process::new(&ProcessConfig::default(), Arc::new(Pipeline::new(Vec::new()))).unwrap();
        assert!(Scrubber::new([Arc::new(plain)]).is_none());
    }
}
