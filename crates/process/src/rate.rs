//! How many records a second one source may bring.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;

use crate::ProcessError;

/// Sources that are told apart; more share what is left of those that were silent longest.
const SOURCES_MAX: usize = 10_000;

/// Sources with cuts that are told of.
const CUTS_MAX: usize = 100;

/// How much a source may bring.
#[derive(Clone, Debug, PartialEq)]
pub struct RateConfig {
    /// The attribute that tells sources apart; records without it are one source.
    pub per: String,
    /// Records a second, in the long run.
    pub records_per_second: f64,
    /// Records that may come at once.
    pub burst: f64,
}

/// What was cut of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The value of the attribute.
    pub source: Vec<u8>,
    /// Records that were cut.
    pub records: u64,
}

/// The allowance of each source: a bucket that fills by time and loses one for each record.
pub struct RateLimit {
    config: RateConfig,
    buckets: Mutex<HashMap<Box<[u8]>, Bucket>>,
    cuts: Mutex<HashMap<Box<[u8]>, u64>>,
}

struct Bucket {
    left: f64,
    filled: Instant,
}

impl RateLimit {
    /// Every source may begin with a burst.
    pub fn new(config: RateConfig) -> Result<RateLimit, ProcessError> {
        let RateConfig { records_per_second, burst, .. } = config;
        if !(records_per_second > 0.0 && records_per_second.is_finite() && burst >= 1.0 && burst.is_finite())
        {
            let why = "a rate limit needs more than 0 records a second and a burst of 1 or more";
            return Err(ProcessError::Config(why.to_owned()));
        }
        Ok(RateLimit { config, buckets: Mutex::default(), cuts: Mutex::default() })
    }

    /// The attribute that tells sources apart.
    pub fn per(&self) -> &str {
        &self.config.per
    }

    /// Whether one more record of `source` may pass at `now`.
    pub fn admits(&self, source: &[u8], now: Instant) -> bool {
        let mut buckets = self.buckets.lock();
        if !buckets.contains_key(source) {
            self.make_room(&mut buckets, now);
            buckets.insert(source.into(), Bucket { left: self.config.burst, filled: now });
        }
        let Some(bucket) = buckets.get_mut(source) else { return true };
        let seconds = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.left = (bucket.left + seconds * self.config.records_per_second).min(self.config.burst);
        bucket.filled = bucket.filled.max(now);
        let admitted = bucket.left >= 1.0;
        if admitted {
            bucket.left -= 1.0;
        }
        admitted
    }

    /// Notes what was cut, once that is final.
    pub(crate) fn was_cut(&self, source: &[u8], records: u64) {
        let mut cuts = self.cuts.lock();
        if cuts.len() < CUTS_MAX || cuts.contains_key(source) {
            *cuts.entry(source.into()).or_default() += records;
        }
    }

    /// What was cut so far, most first: of the first hundred sources of which anything was.
    pub fn cuts(&self) -> Vec<Cut> {
        let cuts = self.cuts.lock();
        let mut all: Vec<Cut> =
            cuts.iter().map(|(source, records)| Cut { source: source.to_vec(), records: *records }).collect();
        all.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.source.cmp(&b.source)));
        all
    }

    /// A full bucket says nothing: it may be forgotten. If all are in use, the half that was silent longest goes.
    fn make_room(&self, buckets: &mut HashMap<Box<[u8]>, Bucket>, now: Instant) {
        if buckets.len() < SOURCES_MAX {
            return;
        }
        let RateConfig { records_per_second, burst, .. } = self.config;
        let filled = |b: &Bucket| {
            b.left + now.saturating_duration_since(b.filled).as_secs_f64() * records_per_second >= burst
        };
        buckets.retain(|_, bucket| !filled(bucket));
        if buckets.len() >= SOURCES_MAX {
            let mut times: Vec<Instant> = buckets.values().map(|b| b.filled).collect();
            let (_, &mut middle, _) = times.select_nth_unstable(SOURCES_MAX / 2);
            buckets.retain(|_, bucket| bucket.filled > middle);
        }
    }
}

impl std::fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimit").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limit(records_per_second: f64, burst: f64) -> RateLimit {
        RateLimit::new(RateConfig { per: "peer".into(), records_per_second, burst }).unwrap()
    }

    #[test]
    fn a_burst_then_the_rate_for_each_source() {
        let (limit, now) = (limit(10.0, 3.0), Instant::now());
        let passed = |source: &[u8], at: Duration| (0..20).filter(|_| limit.admits(source, now + at)).count();
        assert_eq!(passed(b"a", Duration::ZERO), 3);
        assert_eq!(passed(b"b", Duration::ZERO), 3);
        assert_eq!(passed(b"a", Duration::from_millis(250)), 2);
        assert_eq!(passed(b"a", Duration::from_secs(60)), 3);
        limit.was_cut(b"a", 7);
        limit.was_cut(b"b", 9);
        assert_eq!(limit.cuts()[0], Cut { source: b"b".to_vec(), records: 9 });
    }

    #[test]
    fn sources_are_bounded() {
        let (limit, now) = (limit(0.001, 1.0), Instant::now());
        for n in 0..3 * SOURCES_MAX {
            assert!(limit.admits(format!("{n}").as_bytes(), now + Duration::from_nanos(n as u64)));
        }
        assert!(limit.buckets.lock().len() <= SOURCES_MAX);
        for n in 0..3 * CUTS_MAX {
            limit.was_cut(format!("{n}").as_bytes(), 1);
        }
        assert_eq!(limit.cuts().len(), CUTS_MAX);
    }

    #[test]
    fn nonsense_is_refused() {
        for (rate, burst) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, 0.5), (1.0, f64::INFINITY)] {
            let config = RateConfig { per: "peer".into(), records_per_second: rate, burst };
            assert!(RateLimit::new(config).is_err());
        }
    }
}
