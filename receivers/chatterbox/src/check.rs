//! What became of the records of each run, from their texts alone: lost, repeated, out of order, altered, late.

use std::collections::BTreeMap;

use gastrolog_types::Timestamp;

use crate::format::write_record;
use crate::token::Token;

/// Gaps that are listed; more are counted only.
const GAPS_LISTED: usize = 20;
/// Spans of numbers that are remembered for each run. Only a run with holes all over needs more than a few.
const SPANS_MAX: usize = 1 << 20;
/// Buckets of delays: one for each power of two of microseconds.
const DELAY_BUCKETS: usize = 48;

/// Takes stored records in the order in which they were stored.
#[derive(Debug, Default)]
pub struct Check {
    runs: BTreeMap<u64, Seen>,
    others: u64,
    scratch: String,
}

#[derive(Debug, Default)]
struct Seen {
    records: u64,
    repeated: u64,
    reordered: u64,
    altered: u64,
    overflowed: bool,
    highest: Option<u64>,
    last: Option<u64>,
    /// Numbers that were seen, as first and last of each span, by first.
    spans: BTreeMap<u64, u64>,
    delays: DelaysSeen,
}

/// What was found in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Each run, by its seed.
    pub runs: Vec<Run>,
    /// Records without a token.
    pub others: u64,
}

/// What became of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its seed.
    pub run: u64,
    /// Records found, repeated ones too.
    pub records: u64,
    /// Different numbers found.
    pub distinct: u64,
    /// The highest number found.
    pub highest: u64,
    /// The number of the last record of the run, when that was found: without it more may be missing at the end.
    pub end: Option<u64>,
    /// Numbers up to the highest that were not found.
    pub lost: u64,
    /// The first of them, as spans: first and last number.
    pub gaps: Vec<(u64, u64)>,
    /// Records whose number had been found before.
    pub repeated: u64,
    /// Records stored after one with a higher number, repeated ones left out.
    pub reordered: u64,
    /// Records that do not contain the text as it was made.
    pub altered: u64,
    /// From the making of a record to its arrival.
    pub delays: Delays,
    /// More holes than can be remembered: `lost`, `repeated` and `distinct` are not exact.
    pub inexact: bool,
}

impl Run {
    /// Nothing is lost, repeated or altered, as far as the records tell.
    pub fn is_sound(&self) -> bool {
        let ended = self.end.is_none_or(|end| end == self.highest);
        self.lost == 0 && self.repeated == 0 && self.altered == 0 && ended && !self.inexact
    }

    /// That, and the end was seen, so that nothing can be missing there.
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.end.is_some()
    }
}

/// Delays in microseconds. Quantiles are upper bounds, a power of two; the greatest is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// Half of the records had at most this.
    pub p50_us: u64,
    /// 99 of 100 had at most this.
    pub p99_us: u64,
    /// The greatest.
    pub max_us: u64,
}

impl Check {
    /// Takes the next record in the order of storing.
    pub fn push(&mut self, text: &[u8], ingest: Timestamp) {
        let Some(token) = Token::find(text) else {
            self.others += 1;
            return;
        };
        self.scratch.clear();
        write_record(&token, &mut self.scratch);
        let altered = !contains(text, self.scratch.as_bytes());
        self.runs.entry(token.run).or_default().push(&token, altered, ingest);
    }

    /// What was found.
    pub fn report(&self) -> Report {
        Report { runs: self.runs.iter().map(|(run, seen)| seen.report(*run)).collect(), others: self.others }
    }
}

impl Seen {
    fn push(&mut self, token: &Token, altered: bool, ingest: Timestamp) {
        self.records += 1;
        self.altered += u64::from(altered);
        if token.last {
            self.last = Some(token.number);
        }
        self.delays.push(ingest.0.saturating_sub(token.time.0).max(0) as u64 / 1000);
        if !self.insert(token.number) {
            self.repeated += 1;
            return;
        }
        if self.highest.is_some_and(|highest| token.number < highest) {
            self.reordered += 1;
        }
        self.highest = self.highest.max(Some(token.number));
    }

    /// Whether `number` is new.
    fn insert(&mut self, number: u64) -> bool {
        let before = self.spans.range(..=number).next_back().map(|(a, b)| (*a, *b));
        if before.is_some_and(|(_, end)| number <= end) {
            return false;
        }
        let after = number.checked_add(1).and_then(|next| self.spans.get(&next).map(|end| (next, *end)));
        let end = after.map_or(number, |(_, end)| end);
        if let Some((next, _)) = after {
            self.spans.remove(&next);
        }
        match before {
            Some((start, last)) if last.checked_add(1) == Some(number) => {
                self.spans.insert(start, end);
            }
            _ if self.spans.len() < SPANS_MAX => {
                self.spans.insert(number, end);
            }
            _ => self.overflowed = true,
        }
        true
    }

    fn report(&self, run: u64) -> Run {
        let (mut expected, mut lost, mut gaps) = (0u64, 0u64, Vec::new());
        for (&start, &end) in &self.spans {
            if start > expected {
                lost += start - expected;
                if gaps.len() < GAPS_LISTED {
                    gaps.push((expected, start - 1));
                }
            }
            expected = end.saturating_add(1);
        }
        Run {
            run,
            records: self.records,
            distinct: self.records - self.repeated,
            highest: self.highest.unwrap_or(0),
            end: self.last,
            lost,
            gaps,
            repeated: self.repeated,
            reordered: self.reordered,
            altered: self.altered,
            delays: self.delays.report(),
            inexact: self.overflowed,
        }
    }
}

/// How many delays lay below each power of two.
#[derive(Debug, Default)]
struct DelaysSeen {
    below: Vec<u64>,
    max_us: u64,
}

impl DelaysSeen {
    fn push(&mut self, us: u64) {
        self.below.resize(DELAY_BUCKETS, 0);
        let bucket = (u64::BITS - us.leading_zeros()) as usize;
        if let Some(count) = self.below.get_mut(bucket.min(DELAY_BUCKETS - 1)) {
            *count += 1;
        }
        self.max_us = self.max_us.max(us);
    }

    fn report(&self) -> Delays {
        Delays { p50_us: self.quantile(50), p99_us: self.quantile(99), max_us: self.max_us }
    }

    fn quantile(&self, percent: u64) -> u64 {
        let all: u64 = self.below.iter().sum();
        let wanted = (all * percent).div_ceil(100);
        let mut seen = 0;
        for (bucket, count) in self.below.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return (1u64 << bucket).min(self.max_us);
            }
        }
        self.max_us
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text == part || (part.len() < text.len() && text.windows(part.len().max(1)).any(|window| window == part))
}
