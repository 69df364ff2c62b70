//! Log lines of each format, made up: the same at every run, and no file is needed.

use std::fmt::Write;

use gastrolog_types::{Attributes, Batch, Timestamp};

/// When the lines arrive: 2026-11-10T12:00:00Z.
pub const ARRIVED: Timestamp = Timestamp(1_794_312_000_000_000_000);

/// How many lines have the same second.
const LINES_PER_SECOND: u64 = 20;

const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "PUT"];
const STATUSES: [u16; 8] = [200, 200, 200, 200, 304, 404, 500, 302];
const LEVELS: [&str; 5] = ["info", "info", "info", "warn", "error"];
const SERVICES: [&str; 6] = ["gateway", "auth", "checkout", "payments", "search", "ledger"];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.58 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0",
    "curl/8.5.0",
];

/// A small generator of numbers (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    /// A number below `bound`, small ones more often, as paths and addresses of real logs are.
    pub fn skewed(&mut self, bound: u64) -> u64 {
        let widest = self.below(bound) + 1;
        self.below(widest)
    }

    /// One of some.
    pub fn pick<T: Copy + Default>(&mut self, among: &[T]) -> T {
        among.get(self.below(among.len() as u64) as usize).copied().unwrap_or_default()
    }
}

/// A format of log lines: each is claimed by the indexer of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Apache combined.
    Apache,
    /// Nested JSON objects with random ids.
    Json,
    /// `level=info msg="…"`.
    Logfmt,
    /// `key=value` and `key: value` within text.
    Kv,
    /// RFC 5424 with structured data.
    Syslog,
    /// Free text behind a time.
    Token,
}

impl Kind {
    /// All formats.
    pub const ALL: [Kind; 6] = [Kind::Apache, Kind::Json, Kind::Logfmt, Kind::Kv, Kind::Syslog, Kind::Token];

    fn line(self, number: u64, dice: &mut Dice, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Kind::Apache => apache(number, dice, out),
            Kind::Json => json(number, dice, out),
            Kind::Logfmt => logfmt(number, dice, out),
            Kind::Kv => kv(number, dice, out),
            Kind::Syslog => syslog(number, dice, out),
            Kind::Token => token(number, dice, out),
        };
    }
}

/// About as many bytes of lines of a format, each with its line end.
pub fn lines(kind: Kind, bytes: usize) -> Vec<u8> {
    let (mut dice, mut text) = (Dice(42), String::with_capacity(bytes + 1024));
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        kind.line(number, &mut dice, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

/// The same as records.
pub fn batch(kind: Kind, bytes: usize) -> Batch {
    Batch::from_lines(lines(kind, bytes), Attributes::default(), ARRIVED)
}

/// Hour, minute and second of a line; the day is the same for all.
fn clock(number: u64) -> String {
    let second = number / LINES_PER_SECOND % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn millis(number: u64) -> u64 {
    number % LINES_PER_SECOND * 50
}

fn address(dice: &mut Dice) -> String {
    let n = dice.skewed(50_000).wrapping_mul(2_654_435_761);
    format!("{}.{}.{}.{}", n % 222 + 1, n >> 8 & 255, n >> 16 & 255, n >> 24 & 255)
}

fn apache(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (address, clock, method) = (address(dice), clock(number), dice.pick(&METHODS));
    let (path, id, status) = (dice.pick(&SERVICES), dice.skewed(5000), dice.pick(&STATUSES));
    let (bytes, agent) = (dice.skewed(60_000), dice.pick(&AGENTS));
    write!(out, "{address} - - [10/Nov/2026:{clock} +0000] \"{method} /api/v1/{path}/{id} HTTP/1.1\" ")?;
    write!(out, "{status} {bytes} \"https://shop.example/{path}\" \"{agent}\"")
}

fn json(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (clock, millis, level) = (clock(number), millis(number), dice.pick(&LEVELS));
    let (service, user, method) = (dice.pick(&SERVICES), dice.below(1_000_000), dice.pick(&METHODS));
    write!(out, r#"{{"ts":"2026-11-10T{clock}.{millis:03}Z","level":"{level}","service":"{service}","#)?;
    write!(
        out,
        r#""msg":"order {} placed in {}ms","user":{{"id":{user},"#,
        dice.below(99_999),
        dice.skewed(900)
    )?;
    write!(
        out,
        r#""plan":"pro"}},"request":{{"method":"{method}","path":"/api/v1/{service}/{}"}},"#,
        user % 977
    )?;
    write!(
        out,
        r#""trace_id":"{:016x}{:016x}","duration_ms":{:.2}}}"#,
        dice.roll(),
        dice.roll(),
        millis_of(dice)
    )
}

fn millis_of(dice: &mut Dice) -> f64 {
    dice.skewed(90_000) as f64 / 100.0
}

fn logfmt(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (clock, millis, level) = (clock(number), millis(number), dice.pick(&LEVELS));
    let (service, status) = (dice.pick(&SERVICES), dice.pick(&STATUSES));
    write!(out, "ts=2026-11-10T{clock}.{millis:03}Z level={level} caller={service}.go:{} ", dice.below(400))?;
    write!(out, "msg=\"request completed\" user={} status={status} ", dice.below(1_000_000))?;
    write!(out, "duration={:.2}ms trace={:016x}", millis_of(dice), dice.roll())
}

fn kv(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (clock, service, level) = (clock(number), dice.pick(&SERVICES), dice.pick(&LEVELS));
    write!(out, "2026-11-10 {clock} {level} {service}: session opened user={} ", dice.below(1_000_000))?;
    write!(out, "src={} bytes={} state=\"half open\"", address(dice), dice.skewed(60_000))
}

fn syslog(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (clock, millis, service) = (clock(number), millis(number), dice.pick(&SERVICES));
    write!(out, "<{}>1 2026-11-10T{clock}.{millis:03}Z host{} ", dice.below(24) * 8 + 6, dice.below(12))?;
    write!(out, "{service} {} ID47 [origin ip=\"{}\" seq=\"{number}\"] ", dice.below(30_000), address(dice))?;
    write!(out, "connection closed after {} bytes", dice.skewed(60_000))
}

fn token(number: u64, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (clock, millis, service) = (clock(number), millis(number), dice.pick(&SERVICES));
    write!(out, "2026-11-10 {clock},{millis:03} ")?;
    match dice.below(3) {
        0 => write!(out, "Accepted connection from {} on port {}", address(dice), dice.below(60_000)),
        1 => write!(out, "Moved block blk_{} to {service} in {} ms", dice.roll(), dice.skewed(900)),
        _ => write!(out, "Could not reach {service}, attempt {} of 5", dice.below(5) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gastrolog_index::RangeSet;

    #[test]
    fn every_line_is_claimed_by_the_indexer_it_is_made_for() {
        let pipeline = crate::pipeline();
        let names: Vec<_> = pipeline.names().collect();
        for kind in Kind::ALL {
            let batch = batch(kind, 20_000);
            assert!(batch.text.ends_with(b"\n") && batch.text.len() >= 20_000);
            let wanted = format!("{kind:?}").to_lowercase();
            let place = names.iter().position(|n| **n == *wanted).unwrap();
            let mut ranges = RangeSet::default();
            for i in 0..batch.len() {
                let claimed = pipeline.parse(batch.text_of(i), &mut ranges).claimed_by;
                let line = String::from_utf8_lossy(batch.text_of(i));
                assert!(claimed & 1 << place != 0, "{wanted}: {claimed:b} {line}");
            }
        }
    }

    #[test]
    fn the_lines_are_the_same_each_time() {
        assert!(Kind::ALL.iter().all(|&kind| lines(kind, 5000) == lines(kind, 5000)));
    }
}
