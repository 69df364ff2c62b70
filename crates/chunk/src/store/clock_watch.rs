//! A clock that is wrong must not make retention remove everything.
//!
//! Age is by the clock, and a clock may jump: set by hand, by a broken source of time, or right at last after a start
//! without one. Nobody can tell a wrong clock from a right one, but removal can wait, and a wrong clock is mostly seen.

use gastrolog_env::Clock;

/// A clock that goes this much faster than time passes has been set.
const JUMP_NS: i64 = 3_600_000_000_000;

/// How long nothing is removed by age after such a jump.
const HOLD_NS: u64 = 24 * 3_600_000_000_000;

/// What the clock said when it was last looked at.
pub(super) struct ClockWatch {
    wall_ns: i64,
    monotonic_ns: u64,
    /// How far it is ahead of where it was, by jumps.
    ahead_ns: i64,
    held_until_ns: u64,
}

impl ClockWatch {
    pub(super) fn new(clock: &dyn Clock) -> ClockWatch {
        let (wall_ns, monotonic_ns) = (clock.now().0, clock.monotonic_ns());
        ClockWatch { wall_ns, monotonic_ns, ahead_ns: 0, held_until_ns: 0 }
    }

    /// Looks at the clock; answers what to say when it has jumped forward.
    pub(super) fn look(&mut self, clock: &dyn Clock) -> Option<String> {
        let (wall_ns, monotonic_ns) = (clock.now().0, clock.monotonic_ns());
        let passed_ns = i64::try_from(monotonic_ns.saturating_sub(self.monotonic_ns)).unwrap_or(i64::MAX);
        let jump_ns = wall_ns.saturating_sub(self.wall_ns).saturating_sub(passed_ns);
        (self.wall_ns, self.monotonic_ns) = (wall_ns, monotonic_ns);
        if jump_ns.abs() < JUMP_NS {
            return None;
        }
        self.ahead_ns = self.ahead_ns.saturating_add(jump_ns);
        if self.ahead_ns < JUMP_NS {
            // Back where it was, or behind: then chunks only seem younger.
            (self.ahead_ns, self.held_until_ns) = (0, 0);
            return None;
        }
        self.hold(monotonic_ns);
        let hours = jump_ns / JUMP_NS;
        Some(format!("the clock jumped {hours} hours ahead: nothing is removed by age for a day"))
    }

    /// Removes nothing by age for a while from now on.
    pub(super) fn hold(&mut self, monotonic_ns: u64) {
        self.held_until_ns = monotonic_ns.saturating_add(HOLD_NS);
    }

    /// Whether ages can be relied on.
    pub(super) fn is_trusted(&mut self) -> bool {
        if self.monotonic_ns < self.held_until_ns {
            return false;
        }
        // It has been so for long: it is right.
        self.ahead_ns = 0;
        true
    }
}
