//! Footers are read when they are first needed and kept for the next query, while there is room.

use std::sync::Arc;

use super::flush::Flusher;

impl Flusher {
    /// Forgets what was read of sealed chunks where that has become too much: first of those that no query has asked
    /// since the last time, oldest first. Queries that are at work keep what they have.
    pub(super) fn forget_footers(&mut self) {
        let most = self.shared.options.footers_bytes;
        let mut chunks = self.shared.state.lock().chunks.clone();
        let mut held: usize = chunks.iter().map(|chunk| chunk.held_bytes()).sum();
        if held <= most {
            return;
        }
        let target = most / 4 * 3;
        for even_used in [false, true] {
            for chunk in Arc::make_mut(&mut chunks).iter_mut() {
                let bytes = chunk.held_bytes();
                if held > target && bytes > 0 && (!chunk.was_used() || even_used) {
                    *chunk = Arc::new(chunk.unread());
                    held -= bytes;
                }
            }
        }
        // Only this thread changes the list.
        self.shared.state.lock().chunks = chunks;
    }
}
