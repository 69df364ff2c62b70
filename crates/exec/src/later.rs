//! Frees what a stopped query had gathered: millions of small values take a while, and nobody has to wait for it.

/// Drops `gathered` on a thread of its own; where no thread can be had, at once.
pub(crate) fn drop_later<T: Send + 'static>(gathered: T) {
    let _ = std::thread::Builder::new().name("drop".to_owned()).spawn(move || drop(gathered));
}
