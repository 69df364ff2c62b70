//! How many samples of one kind there may be.

use std::time::{Duration, Instant};

/// So many come at once …
const BURST: u32 = 10;
/// … and then one each time this has passed.
const INTERVAL: Duration = Duration::from_secs(10);

/// Admits a burst, then one now and then.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When it will be full again.
    full_at: Option<Instant>,
    left_out: u64,
}

impl Bucket {
    /// Whether there may be one at `now`; then how many were left out since the one before.
    pub(super) fn take(&mut self, now: Instant) -> Option<u64> {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        if full_at > now + INTERVAL * (BURST - 1) {
            self.left_out += 1;
            return None;
        }
        self.full_at = Some(full_at + INTERVAL);
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_now_and_then() {
        let (mut bucket, begin) = (Bucket::default(), Instant::now());
        let admitted = |bucket: &mut Bucket, at: Duration, times: u32| -> Vec<u64> {
            (0..times).filter_map(|_| bucket.take(begin + at)).collect()
        };
        assert_eq!(admitted(&mut bucket, Duration::ZERO, 1000), [0; 10]);
        assert_eq!(admitted(&mut bucket, Duration::from_secs(9), 10), [0u64; 0]);
        assert_eq!(admitted(&mut bucket, Duration::from_secs(11), 10), [1000]);
        assert_eq!(admitted(&mut bucket, Duration::from_secs(21), 1), [9]);
        // After a long silence it is full, and no fuller.
        let late = admitted(&mut bucket, Duration::from_secs(100_000), 50);
        assert_eq!((late.len(), late[0]), (10, 0));
    }
}
