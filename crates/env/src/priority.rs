//! How much of the machine a thread may claim.

/// Makes the calling thread take the processor only while nobody else wants it. Best effort: where that cannot be said
/// of a single thread, nothing changes.
pub fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        /// The politest there is.
        const NICE: i32 = 19;
        // On Linux this is the priority of the thread, in other systems of the process. It is only ever lowered, which
        // is always allowed.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}
