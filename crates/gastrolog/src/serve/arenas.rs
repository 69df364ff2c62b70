//! Few arenas for the allocator.
//!
//! glibc gives threads up to eight arenas a core. Threads that come and go fill each with holes of some hundred MB, which
//! are free and yet not given back: after four minutes at 50 MB/s a server that used 190 MB took 1,083. How many there
//! may be is read once, when a process begins, so the process begins anew in its own place: same id, same arguments.

/// What glibc reads. Whoever sets one of them has decided already.
const ARENAS: &str = "MALLOC_ARENA_MAX";
/// The same among others.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// Fewer would let threads wait for each other.
const ARENAS_MIN: usize = 2;

/// Begins the process anew with an arena a core, unless it did so already. Where that fails it goes on as it is.
pub(crate) fn limit() {
    if !cfg!(target_env = "gnu") || [ARENAS, TUNABLES].iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let arenas = std::thread::available_parallelism().map_or(ARENAS_MIN, |n| n.get().max(ARENAS_MIN));
    begin_anew(arenas);
}

/// Returns only when it failed.
fn begin_anew(arenas: usize) {
    use std::os::unix::process::CommandExt;
    let Ok(program) = std::env::current_exe() else { return };
    let mut args = std::env::args_os();
    let mut command = std::process::Command::new(program);
    command.arg0(args.next().unwrap_or_default()).args(args).env(ARENAS, arenas.to_string());
    // It takes more memory then, and works all the same.
    let _ = command.exec();
}
