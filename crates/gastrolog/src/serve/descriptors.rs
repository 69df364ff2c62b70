//! File descriptors: as many as the system grants, and some kept back for the store.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More are not asked for.
const DESCRIPTORS_MAX: u64 = 65_536;
/// Connections on one socket, at most.
const CONNECTIONS_MAX: u64 = 16_384;
/// Kept back for the files of stores and for the other receivers, where there are enough.
const KEPT_BACK: u64 = 256;

/// Raises the soft limit of this process to the hard one, within reason; returns what it then is.
pub(super) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
    let now = current.unwrap_or(u64::MAX);
    if now < wanted && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok() {
        return wanted;
    }
    now
}

/// Connections that a socket may have when a process may have so many descriptors.
pub(super) fn connections_max(descriptors: u64) -> usize {
    let kept_back = KEPT_BACK.min(descriptors / 4 * 3);
    usize::try_from((descriptors - kept_back).min(CONNECTIONS_MAX)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_keeps_its_share() {
        assert_eq!(connections_max(u64::MAX), 16_384);
        assert_eq!(connections_max(1024), 768);
        assert_eq!(connections_max(64), 16);
        assert_eq!(connections_max(0), 0);
    }
}
