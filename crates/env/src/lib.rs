//! The world outside: file system, clock and randomness, as traits with real and with treacherous implementations.
//!
//! **Invariant:** nothing else in the project touches the disk, reads the clock or draws random numbers, so that
//! a test can move time, fill the disk and cut the power. Nothing maps memory: see [`ReadFile`].

mod clock;
mod error;
mod fault;
mod fs;
mod handle;
mod lock;
mod mem;
mod priority;
mod process;
mod random;
mod real;
mod threads;

use std::sync::Arc;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{EnvError, Result};
pub use fault::{Fault, FaultFs, Operation};
pub use fs::{Entry, File, Fs};
pub use handle::{ReadFile, raise_open_files};
pub use lock::{LockError, LockGuard, describe_this_process};
pub use mem::MemFs;
pub use priority::yield_to_others;
pub use process::{ProcessUsage, UdpSocketState, udp_sockets};
pub use random::{Random, SeededRandom, SystemRandom};
pub use real::RealFs;
pub use threads::{refused_threads, spawn_scoped, try_thread};

/// Everything a store needs from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Env {
    /// Where files are.
    pub fs: Arc<dyn Fs>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where random numbers come from.
    pub random: Arc<dyn Random>,
}

impl Env {
    /// The machine's own disk, clock and randomness.
    pub fn real() -> Env {
        Env {
            fs: Arc::new(RealFs),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// Files in memory, the machine's clock and randomness: how a store without a disk runs.
    pub fn memory() -> Env {
        Env { fs: Arc::new(MemFs::new()), ..Env::real() }
    }

    /// This environment with another file system.
    pub fn with_fs(self, fs: Arc<dyn Fs>) -> Env {
        Env { fs, ..self }
    }
}
