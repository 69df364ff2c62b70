//! One flipped bit anywhere in any file of a store: it is found, or it harms nobody. No wrong row, no panic.
//!
//! `GASTROLOG_FLIPS=10000 cargo test -p gastrolog-engine --test engine flips -- --nocapture` is the long form;
//! `GASTROLOG_SEED` chooses other places.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_engine::{
    Access, Answer, CacheBytes, Cancel, Engine, EngineConfig, EngineError, Location, OpenOptions, Order,
    QueryRequest, Service, StoreConfig, Value, ValuesRequest,
};
use gastrolog_env::{Env, Fs, MemFs, SeededRandom};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::pipeline;

/// Flips, unless `GASTROLOG_FLIPS` says otherwise.
const FLIPS: u64 = 600;

/// Lines of a batch, which is a row group of its own when it goes straight to a chunk.
const LINES: usize = 40;

/// The reserve, which is as large as other files here, so that it is hit as often.
const RESERVE_BYTES: u64 = 2000;

/// What a mark takes in the log, at most.
const MARK_BYTES_MAX: usize = 128;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);
const STORE: &str = "/logs/stores/default";

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

type Image = Vec<(PathBuf, Vec<u8>)>;

fn image_of(fs: &dyn Fs) -> Image {
    let mut image = Vec::new();
    for dir in ["", "wal", "chunks"].map(|dir| Path::new(STORE).join(dir)) {
        for entry in fs.list(&dir).unwrap().into_iter().filter(|e| !e.is_dir) {
            let path = dir.join(&entry.name);
            let bytes = fs.read(&path).unwrap();
            image.push((path, bytes));
        }
    }
    image
}

fn disk_of(image: &Image) -> MemFs {
    let fs = MemFs::new();
    for dir in ["wal", "chunks"] {
        fs.create_dir_all(&Path::new(STORE).join(dir)).unwrap();
    }
    for (path, bytes) in image {
        fs.create_new(path).unwrap().append(bytes).unwrap();
    }
    fs
}

fn open(fs: &MemFs, access: Access) -> Result<Arc<Engine>, EngineError> {
    let env = Env { random: Arc::new(SeededRandom::new(5)), ..Env::memory().with_fs(Arc::new(fs.clone())) };
    open_in("/logs".into(), access, env)
}

fn open_in(dir: PathBuf, access: Access, env: Env) -> Result<Arc<Engine>, EngineError> {
    let store = StoreConfig { row_group_bytes: 3000, reserve_bytes: RESERVE_BYTES, ..StoreConfig::default() };
    let config = EngineConfig {
        default_store: store,
        query_threads: 1,
        cache: CacheBytes::default(),
        ..EngineConfig::default()
    };
    Engine::open(OpenOptions { location: Location::Dir(dir), access, config, pipeline: pipeline(), env })
}

fn line(i: usize) -> String {
    let (level, id) = (["info", "warn", "error"][i % 3], (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    match i % 4 {
        0 => format!(r#"{{"level":"{level}","n":{i},"id":"{id:016x}","msg":"user {i} signed in"}}"#),
        1 => format!("level={level} n={i} id={id:016x} msg=\"took {}ms\"", i * 7 % 1000),
        2 => format!("2026-11-21T08:00:{:02}Z {level} worker {i} finished job {id:016x}", i % 60),
        _ => format!(
            "10.0.{}.{} - - [21/Nov/2026:08:00:00 +0000] \"GET /p/{i} HTTP/1.1\" 200 {i}",
            i % 7,
            i % 250
        ),
    }
}

/// Appends the next lines as one batch.
fn append(engine: &Engine, lines: &mut Vec<String>, count: usize) {
    let new: Vec<String> = (lines.len()..lines.len() + count).map(line).collect();
    let mut batch = Batch::default();
    for (i, text) in new.iter().enumerate() {
        let host = Attributes::new([("host", format!("h{}", i % 3).into_bytes())]);
        batch.push(text.as_bytes(), &host, Timestamp(NOW.0 + i as i64), Timestamp::NONE);
    }
    engine.append("", batch).unwrap();
    lines.extend(new);
}

/// Sealed chunks, one that grows, and records that are only in the log, as a killed process leaves them.
fn store() -> (Image, Vec<String>) {
    let fs = MemFs::new();
    let engine = open(&fs, Access::ReadWrite).unwrap();
    // In memory there is none: it is as on a disk.
    let mut reserve = fs.create_new(&Path::new(STORE).join("reserve")).unwrap();
    reserve.append(&[0; RESERVE_BYTES as usize]).unwrap();
    let mut lines = Vec::new();
    for _ in 0..2 {
        for _ in 0..3 {
            append(&engine, &mut lines, LINES);
        }
        engine.seal("").unwrap();
    }
    for _ in 0..4 {
        append(&engine, &mut lines, LINES);
    }
    // The flusher makes row groups on its own time, and then the log is told of them: until then it has their records
    // too, and what is flipped in the chunk does no harm.
    wait_for("the log knows of what the chunk holds", || flips_are_found(&image_of(&fs)));
    // Of what comes now the image is taken before the flusher has got to it; else once more.
    let mut image = Image::new();
    wait_for("records are in the log alone, and row groups in the chunk alone", || {
        for count in [3, 5, 4] {
            append(&engine, &mut lines, count);
        }
        image = image_of(&fs);
        let stored = in_chunks(&image);
        (8 * LINES as u64..lines.len() as u64).contains(&stored) && flips_are_found(&image)
    });
    (image, lines)
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("not in a minute: {what}");
}

/// How many records the chunks of an image have: the others are only in its log.
fn in_chunks(image: &Image) -> u64 {
    let engine = open(&disk_of(image), Access::ReadOnly).unwrap();
    engine.chunks("").unwrap().iter().map(|c| c.records).sum()
}

/// Whether a bad byte at the end of the chunk that grows is damage.
fn flips_are_found(image: &Image) -> bool {
    let mut bad = image.clone();
    let chunks = bad.iter_mut().filter(|(path, _)| kind(path) == "chunk");
    if let Some(last) = chunks.max_by(|a, b| a.0.cmp(&b.0)).and_then(|(_, bytes)| bytes.last_mut()) {
        *last ^= 1;
    }
    let engine = open(&disk_of(&bad), Access::ReadOnly).unwrap();
    !engine.verify("", &mut |_, _| {}).unwrap().problems.is_empty()
}

/// What a query gives: rows as text, and what it says it lacks.
fn ask(engine: &Engine, query: &str) -> (Vec<String>, Vec<String>) {
    let (order, query) = (Order::Write, query.to_owned());
    let request = QueryRequest { query, order, oldest_first: true, ..QueryRequest::default() };
    let mut rows = Vec::new();
    let end = engine.query(&request, &Cancel::default(), &mut |answer| {
        rows.push(match answer {
            Answer::Record(found) => String::from_utf8_lossy(&found.record.text).into_owned(),
            Answer::Row(values) => values.iter().map(show).collect::<Vec<_>>().join("\t"),
            _ => String::new(),
        });
        true
    });
    (rows, end.unwrap_or_else(|e| panic!("{}: {e}", request.query)).damage)
}

fn show(value: &Value) -> String {
    format!("{value:?}")
}

const QUERIES: [&str; 7] = [
    "*",
    "level=error",
    "signed",
    "n=37",
    "host=h1 finished",
    "| stats count() by level | sort level",
    "| stats count(), sum(n), min(n), max(n)",
];

/// What is listed: fields with the number of their values, of all records and of some, and the values of three fields; each
/// with what it says it lacks.
fn lists(engine: &Engine) -> Vec<(Vec<String>, Vec<String>)> {
    let fields = ["", "level=error"].map(|query| {
        let request = QueryRequest { query: query.to_owned(), ..QueryRequest::default() };
        let list = engine.fields(&request, &Cancel::default()).unwrap();
        // The request is put together from others where there are columns, and is then in no footer.
        let stored = list.fields.iter().filter(|f| f.name != "request");
        let mut lines: Vec<_> = stored.map(|f| format!("{} {}", f.name, f.values)).collect();
        lines.sort();
        (lines, list.damage)
    });
    let values = ["level", "host", "id"].map(|field| {
        let (field, limit) = (field.to_owned(), Some(10_000));
        let request = ValuesRequest { field, limit, ..ValuesRequest::default() };
        let list = engine.values(&request).unwrap();
        let at_least = (!list.exact).then(|| "counts are the least there is".to_owned());
        let said = list.damage.into_iter().chain(at_least).collect();
        (list.values.iter().map(|value| format!("{value:?}")).collect(), said)
    });
    fields.into_iter().chain(values).collect()
}

/// What answers and lists are of a store that is whole.
fn right_answers(engine: &Engine) -> Vec<Vec<String>> {
    let answers = QUERIES.iter().map(|query| ask(engine, query));
    answers
        .chain(lists(engine))
        .map(|(rows, damage)| if damage.is_empty() { rows } else { panic!("{damage:?}") })
        .collect()
}

/// Every answer is right, or a part of the right one that says that it lacks something. Returns whether all are whole.
fn answers_are_right(engine: &Engine, right: &[Vec<String>], when: &str) -> bool {
    let mut whole = true;
    for (query, right) in QUERIES.iter().zip(right) {
        let (rows, damage) = ask(engine, query);
        if damage.is_empty() {
            assert_eq!(&rows, right, "{when}: {query} is wrong and does not say so");
        } else if !query.starts_with('|') {
            let mut rest = right.iter();
            let made_up = rows.iter().find(|row| !rest.any(|r| r == *row));
            assert_eq!(made_up, None, "{when}: {query} has a wrong row, or one out of order");
        }
        whole &= damage.is_empty();
    }
    let request = QueryRequest { query: "level=error signed".to_owned(), ..QueryRequest::default() };
    let plan = engine.explain(&request, true, &Cancel::default());
    assert!(plan.is_ok(), "{when}: {plan:?}");
    for ((list, damage), right) in lists(engine).into_iter().zip(right.iter().skip(QUERIES.len())) {
        assert!(
            !damage.is_empty() || list == *right,
            "{when}: {list:?} is wrong, not {right:?}, and does not say so"
        );
        whole &= damage.is_empty();
    }
    whole
}

/// What became of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// `verify` names it, and answers lack nothing.
    FoundAndWhole,
    /// `verify` names it, and answers that lack something say so.
    FoundAndSaid,
    /// Nobody finds it: every answer is what it was, and stays so.
    Harmless,
}

fn check(image: &Image, right: &[Vec<String>], when: &str) -> Fate {
    let fs = disk_of(image);
    let engine = open(&fs, Access::ReadOnly).unwrap_or_else(|e| panic!("{when}: {e}"));
    let report = engine.verify("", &mut |_, _| {}).unwrap();
    let whole = answers_are_right(&engine, right, when);
    assert!(whole || !report.problems.is_empty(), "{when}: verify finds nothing");
    drop(engine);

    // A writer takes what it finds, goes on, and still nothing is wrong.
    let engine = open(&fs, Access::ReadWrite).unwrap_or_else(|e| panic!("{when}: {e}"));
    let whole_to_writer = answers_are_right(&engine, right, &format!("{when}, opened to write"));
    drop(engine);
    // What it put in order leaves no trace of what was lost. Who comes next says so all the same.
    let engine = open(&fs, Access::ReadWrite).unwrap_or_else(|e| panic!("{when}: {e}"));
    answers_are_right(&engine, right, &format!("{when}, opened once more"));
    let new = Batch::from_lines(b"new record".to_vec(), Attributes::default(), NOW);
    let first_seq = engine.append("", new).unwrap().first_seq;
    assert!(first_seq >= right[0].len() as u64, "{when}: seq {first_seq} is used again");
    assert_eq!(ask(&engine, "\"new record\"").0, ["new record"], "{when}");
    let again = engine.verify("", &mut |_, _| {}).unwrap();
    assert!(whole_to_writer || !again.problems.is_empty(), "{when}: verify finds nothing of it any more");
    match (report.problems.is_empty() && again.problems.is_empty(), whole && whole_to_writer) {
        (true, _) => Fate::Harmless,
        (false, true) => Fate::FoundAndWhole,
        (false, false) => Fate::FoundAndSaid,
    }
}

/// The kind of a file, for the table.
fn kind(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    path.extension().map_or(name.to_string(), |e| e.to_string_lossy().into_owned())
}

#[test]
fn no_flipped_bit_makes_a_wrong_answer() {
    let (image, lines) = store();
    let engine = open(&disk_of(&image), Access::ReadOnly).unwrap();
    let right = right_answers(&engine);
    assert_eq!(right[0], lines);
    assert!(right[QUERIES.len()].contains(&format!("host {}", lines.len())), "{:?}", right[QUERIES.len()]);
    assert!(engine.verify("", &mut |_, _| {}).unwrap().problems.is_empty());
    let kinds: Vec<String> = image.iter().map(|(path, _)| kind(path)).collect();
    assert_eq!(kinds.iter().filter(|k| *k == "chunk").count(), 3, "{kinds:?}");
    assert!(["wal", "catalog", "reserve"].iter().all(|kind| kinds.iter().any(|k| k == kind)), "{kinds:?}");
    assert_eq!(open(&disk_of(&image), Access::ReadWrite).unwrap().chunks("").unwrap().len(), 3);

    let random = SeededRandom::new(number("GASTROLOG_SEED", 1));
    let mut fates: BTreeMap<(String, Fate), u64> = BTreeMap::new();
    for _ in 0..number("GASTROLOG_FLIPS", FLIPS) {
        let file = random.below(image.len() as u64) as usize;
        let mut bad = image.clone();
        let bytes = &mut bad[file].1;
        if bytes.is_empty() {
            continue;
        }
        let (at, bit) = (random.below(bytes.len() as u64) as usize, random.below(8));
        bytes[at] ^= 1 << bit;
        let when = format!("bit {bit} of byte {at} of {} in {}", bytes.len(), image[file].0.display());
        let fate = check(&bad, &right, &when);
        *fates.entry((kinds[file].clone(), fate)).or_default() += 1;
        // What nobody needs to find: who holds the lock, and the last mark of the log.
        let last_mark = kinds[file] == "wal" && at + MARK_BYTES_MAX >= bad[file].1.len();
        assert!(fate != Fate::Harmless || kinds[file] == "lock" || last_mark, "{when}: not found");
    }
    for ((kind, fate), count) in &fates {
        println!("{count:6}  {kind:8} {fate:?}");
    }
}

/// What a running engine has read it need not read again, but `verify` does.
#[test]
fn a_bit_that_flips_under_a_running_engine_is_found() {
    let (image, _) = store();
    // A real disk: a file that is open changes with what is written to it.
    let dir = tempfile::tempdir().unwrap();
    let chunks = dir.path().join("stores/default/chunks");
    std::fs::create_dir_all(&chunks).unwrap();
    let image = image.into_iter().filter(|(path, _)| kind(path) == "chunk");
    let files: Vec<(PathBuf, Vec<u8>)> =
        image.map(|(path, bytes)| (chunks.join(path.file_name().unwrap()), bytes)).collect();
    files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    let engine = open_in(dir.path().into(), Access::ReadOnly, Env::real()).unwrap();
    let right = right_answers(&engine);
    assert!(right[0].len() >= 8 * LINES);
    let random = SeededRandom::new(number("GASTROLOG_SEED", 1));
    for _ in 0..number("GASTROLOG_FLIPS", FLIPS) / 3 {
        let (path, good) = &files[random.below(files.len() as u64) as usize];
        let (at, bit) = (random.below(good.len() as u64) as usize, random.below(8));
        let mut bad = good.clone();
        bad[at] ^= 1 << bit;
        let when = format!("bit {bit} of byte {at} of {} in {}", bad.len(), path.display());
        std::fs::write(path, bad).unwrap();
        answers_are_right(&engine, &right, &when);
        assert!(!engine.verify("", &mut |_, _| {}).unwrap().problems.is_empty(), "{when}: not found");
        std::fs::write(path, good).unwrap();
        assert!(answers_are_right(&engine, &right, &when), "{when}: mended, and still something lacks");
        assert!(engine.verify("", &mut |_, _| {}).unwrap().problems.is_empty(), "{when}: mended");
    }
}
