//! The journal export format: entries do not depend on how the upload is cut, and become lines of JSON.

use gastrolog_receiver_journald::{ExportLimits, hostile};

use super::sound;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("journald_export", run, seeds)];

const ENTRY_BYTES_MAX: usize = 1000;

fn seeds() -> Vec<Vec<u8>> {
    let mut upload = b"__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\n_PID=1\n_PID=2\n\n".to_vec();
    upload.extend(b"MESSAGE\n\x07\0\0\0\0\0\0\0a\nb\xff=\0x\nPRIORITY=6\n\n");
    let truncated =
        [b"MESSAGE=".as_slice(), &[b'x'; 300], b"\nA=1\nB=2\nC=3\nD=4\n\nlost\nE=1\n\nF=1\n\n"].concat();
    let huge = b"MESSAGE\n\xff\xff\xff\x3f\0\0\0\0abc".to_vec();
    [upload, truncated, huge].iter().map(|u| [&[40, 3, 7], &u[..]].concat()).collect()
}

/// The first three bytes: longest value, most fields, size of a piece.
fn run(data: &[u8]) {
    let Some((&[value, fields, step], upload)) = data.split_first_chunk::<3>() else { return };
    let value_bytes_max = usize::from(value).max(1);
    let limits = ExportLimits {
        value_bytes_max,
        entry_bytes_max: ENTRY_BYTES_MAX,
        fields_max: usize::from(fields).max(1),
    };
    let whole = hostile::records(limits, upload, usize::MAX);
    sound::check_json_lines(&whole);
    let pieces = hostile::records(limits, upload, usize::from(step).max(1));
    assert!(whole.len() <= upload.len() && pieces.len() == whole.len());
    // Of what is not understood, and is longer than that, more is kept when it comes at once.
    let fits = upload.len() <= ENTRY_BYTES_MAX;
    (0..whole.len()).filter(|_| fits).for_each(|i| assert_eq!(whole.text_of(i), pieces.text_of(i)));
}
