//! Lines in pieces, of two streams, grouped, with restarts and a store that is away: every record once, per stream in
//! order, whatever the receiver had seen when it ended.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gastrolog_follow::{Decoder, FollowConfig, Follower, Format, Piece, Stream};
use gastrolog_ingest::multiline::{Multiline, MultilineConfig, MultilineRule};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Receiver, Shutdown};
use gastrolog_types::Timestamp;
use proptest::prelude::*;

/// `oP text`: stream (`o`, `e`), `P` for a piece or `F` for the end of a line.
struct Letters;

impl Format for Letters {
    fn decoder(&self, _: &Path) -> Box<dyn Decoder> {
        Box::new(Letters)
    }
}

impl Decoder for Letters {
    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        let (stream, goes_on) = match line.get(..3) {
            Some(b"oP ") => (Stream::Stdout, true),
            Some(b"oF ") => (Stream::Stdout, false),
            Some(b"eP ") => (Stream::Stderr, true),
            Some(b"eF ") => (Stream::Stderr, false),
            _ => return Err("no letters".into()),
        };
        Ok(Piece { stream, goes_on, text: Cow::Borrowed(&line[3..]), ..Piece::default() })
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A piece of the stream, which ends its line or not; a line that begins with a space belongs to the one before.
    Piece {
        stderr: bool,
        goes_on: bool,
        indented: bool,
    },
    Poll,
    Restart,
    StoreAwayThenRestart,
    /// The file is renamed to a name that is followed too, and a new one is begun.
    Rotate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let piece = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.4));
    let step = prop_oneof![
        12 => piece.prop_map(|(stderr, goes_on, indented)| Step::Piece { stderr, goes_on, indented }),
        4 => Just(Step::Poll),
        3 => Just(Step::Restart),
        1 => Just(Step::StoreAwayThenRestart),
        1 => Just(Step::Rotate),
    ];
    prop::collection::vec(step, 1..80)
}

struct World {
    folder: tempfile::TempDir,
    config: FollowConfig,
    sink: Arc<MemorySink>,
    /// Lines that were written, of each stream and file.
    written: BTreeMap<(bool, usize), Vec<String>>,
    open: [Option<String>; 2],
    rotations: usize,
    pieces: usize,
}

impl World {
    fn new(grouped: bool) -> World {
        let folder = tempfile::tempdir().unwrap();
        let rule = MultilineConfig {
            wait: Duration::from_secs(3600),
            ..MultilineConfig::new(MultilineRule::Continue("^ ".into()))
        };
        let config = FollowConfig {
            globs: vec![folder.path().join("a.log*").display().to_string()],
            state_file: folder.path().join("bookmarks"),
            rotated_wait: Duration::ZERO,
            held_wait: Duration::from_secs(3600),
            multiline: grouped.then(|| Multiline::new(rule).unwrap()),
            ..FollowConfig::default()
        };
        let (written, open) = (BTreeMap::new(), [None, None]);
        World { folder, config, sink: Arc::default(), written, open, rotations: 0, pieces: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.log")
    }

    fn start(&self) -> Follower {
        let (config, sink) = (self.config.clone(), self.sink.clone());
        Follower::new("test", config, Some(Box::new(Letters)), sink, Arc::new(|| Timestamp(1))).unwrap()
    }

    fn piece(&mut self, stderr: bool, goes_on: bool, indented: bool) {
        self.pieces += 1;
        let path = self.path();
        let open = &mut self.open[usize::from(stderr)];
        let space = if indented && open.is_none() { " " } else { "" };
        let text = format!("{space}{};", self.pieces);
        let tag = format!("{}{}", if stderr { 'e' } else { 'o' }, if goes_on { 'P' } else { 'F' });
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{tag} {text}").unwrap();
        let whole = open.take().unwrap_or_default() + &text;
        if goes_on {
            *open = Some(whole);
        } else {
            self.written.entry((stderr, self.rotations)).or_default().push(whole);
        }
    }

    fn end_lines(&mut self) {
        for stderr in [false, true] {
            if self.open[usize::from(stderr)].is_some() {
                self.piece(stderr, false, false);
            }
        }
    }

    fn apply(&mut self, follower: &mut Follower, step: &Step) {
        match step {
            Step::Piece { stderr, goes_on, indented } => self.piece(*stderr, *goes_on, *indented),
            Step::Poll => {
                assert!(follower.poll_once(&Shutdown::new()));
                assert!(follower.counters().snapshot().reconciles());
            }
            Step::Restart => *follower = self.start(),
            Step::StoreAwayThenRestart => {
                self.sink.fail_from_now(u64::MAX);
                let shutdown = Shutdown::new();
                shutdown.start();
                follower.poll_once(&shutdown);
                self.sink.fail_from_now(0);
                *follower = self.start();
            }
            Step::Rotate => {
                self.end_lines();
                if self.path().exists() {
                    let name = format!("a.log.{}", self.rotations);
                    std::fs::rename(self.path(), self.folder.path().join(name)).unwrap();
                    self.rotations += 1;
                }
            }
        }
    }

    /// What is expected of a stream: lines, or groups within each file.
    fn model(&self, stderr: bool) -> Vec<String> {
        let mut all = Vec::new();
        for lines in self.written.iter().filter(|((e, _), _)| *e == stderr).map(|(_, lines)| lines) {
            let mut of_file: Vec<String> = Vec::new();
            for line in lines {
                match of_file.last_mut().filter(|_| self.config.multiline.is_some() && line.starts_with(' '))
                {
                    Some(group) => *group += &format!("\n{line}"),
                    None => of_file.push(line.clone()),
                }
            }
            all.extend(of_file);
        }
        all
    }

    fn stored(&self, stream: &str) -> Vec<String> {
        let of_stream = |record: &gastrolog_types::Record| {
            record.attributes.iter().any(|(name, value)| name == "stream" && value == stream.as_bytes())
        };
        let records = self.sink.records();
        records.iter().filter(|r| of_stream(r)).map(|r| String::from_utf8(r.text.clone()).unwrap()).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_once_and_in_order(steps in steps(), grouped in any::<bool>()) {
        let mut world = World::new(grouped);
        let mut follower = world.start();
        for step in &steps {
            world.apply(&mut follower, step);
        }
        world.end_lines();
        follower.poll_once(&Shutdown::new());
        // No path leads to the files any more: what they hold back is given.
        for file in std::fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
            if file.file_name().unwrap() != "bookmarks" {
                std::fs::remove_file(file).unwrap();
            }
        }
        follower.poll_once(&Shutdown::new());
        // Groups of older files are given last: per stream the set of records is that of the model.
        for (stream, stderr) in [("stdout", false), ("stderr", true)] {
            let (mut stored, mut model) = (world.stored(stream), world.model(stderr));
            if grouped && world.rotations > 0 {
                stored.sort();
                model.sort();
            }
            prop_assert_eq!(stored, model);
        }
    }
}
