//! Hashes for tables in memory.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

static SECRETS: LazyLock<RapidSecrets> = LazyLock::new(|| RapidSecrets::seed(RandomState::new().hash_one(0)));

/// A hash that is another one in each process: nobody can send texts that all have the same, which would make a table a list
/// that is searched from end to end. It must not reach the disk, nor an answer.
#[inline]
pub fn secret_hash(bytes: &[u8]) -> u64 {
    rapidhash_v3_seeded(bytes, &SECRETS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rapidhash::v3::{DEFAULT_RAPID_SECRETS, rapidhash_v3};

    use super::*;

    /// A factor of 0 makes nothing of all that stands before it (liams.website/articles/seed-independent-collisions-on-wyhash-and-rapidhash).
    #[test]
    fn texts_that_are_made_to_have_the_same_hash_have_not() {
        let annihilates = DEFAULT_RAPID_SECRETS.secrets[2].to_le_bytes();
        let made = |n: u32| [format!("{n:016}").as_bytes(), &annihilates, &[b'x'; 24]].concat();
        let hashes =
            |of: &dyn Fn(&[u8]) -> u64| (0..1000).map(|n| of(&made(n))).collect::<HashSet<u64>>().len();
        assert_eq!(hashes(&rapidhash_v3), 1);
        assert_eq!(hashes(&secret_hash), 1000);
    }
}
