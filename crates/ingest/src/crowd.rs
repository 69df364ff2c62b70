//! How many connections a port may have: when it is full, who has been idle longest makes room for who comes, so that
//! peers that do nothing cannot keep out those that do.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Shutdown;

/// Who did something within this time keeps its place.
const IDLE_MIN: Duration = Duration::from_secs(5);

/// The connections of a port.
pub struct Crowd {
    began: Instant,
    free: Arc<Semaphore>,
    seats: Mutex<HashMap<u64, Arc<Seated>>>,
    next: AtomicU64,
    sent_away: AtomicU64,
}

/// What a connection and the crowd both know.
struct Seated {
    /// When it last did something, milliseconds since the crowd began.
    active_ms: AtomicU64,
    leave: Shutdown,
}

/// The place of one connection, free again when it is dropped.
pub struct Seat {
    crowd: Arc<Crowd>,
    id: u64,
    seated: Arc<Seated>,
    _permit: OwnedSemaphorePermit,
}

impl Crowd {
    /// Room for `connections_max`, at least one.
    pub fn new(connections_max: usize) -> Arc<Crowd> {
        let free = Arc::new(Semaphore::new(connections_max.clamp(1, Semaphore::MAX_PERMITS)));
        let (seats, next, sent_away) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Crowd { began: Instant::now(), free, seats, next, sent_away })
    }

    /// A place, once there is one: at once while there is room or somebody is idle.
    pub async fn enter(self: &Arc<Self>) -> Seat {
        loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                return self.seat(permit);
            }
            let wait = self.make_room();
            if let Ok(Ok(permit)) = tokio::time::timeout(wait, self.free.clone().acquire_owned()).await {
                return self.seat(permit);
            }
        }
    }

    /// Asks who has been idle longest to leave; says after how long it is worth to look again.
    pub fn make_room(&self) -> Duration {
        let seats = self.seats.lock();
        let staying = seats.values().filter(|seated| !seated.leave.is_set());
        let Some(idlest) = staying.min_by_key(|seated| seated.active_ms.load(Ordering::Relaxed)) else {
            return IDLE_MIN;
        };
        let active = Duration::from_millis(idlest.active_ms.load(Ordering::Relaxed));
        let idle = self.began.elapsed().saturating_sub(active);
        if idle < IDLE_MIN {
            return IDLE_MIN - idle;
        }
        idlest.leave.start();
        self.sent_away.fetch_add(1, Ordering::Relaxed);
        // It leaves as soon as its task runs; if it does not, the next one is asked.
        Duration::from_millis(100)
    }

    /// How many were asked to leave so far.
    pub fn sent_away(&self) -> u64 {
        self.sent_away.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.seats.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn seat(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Seat {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let seated = Arc::new(Seated { active_ms: AtomicU64::new(self.now_ms()), leave: Shutdown::new() });
        self.seats.lock().insert(id, seated.clone());
        Seat { crowd: self.clone(), id, seated, _permit: permit }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Seat {
    /// Notes that the connection did something: bytes came or went.
    pub fn active(&self) {
        self.seated.active_ms.store(self.crowd.now_ms(), Ordering::Relaxed);
    }

    /// Set when the connection has to leave because it was idle and others want its place.
    pub fn sent_away(&self) -> Shutdown {
        self.seated.leave.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.seats.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_idle_makes_room_and_who_is_not_stays() {
        let crowd = Crowd::new(2);
        let (idle, busy) = (crowd.enter().await, crowd.enter().await);
        assert!(crowd.make_room() > Duration::from_secs(1), "both have just come");
        // As if the one had been silent all along.
        let long_ago = Arc::new(Crowd {
            began: Instant::now().checked_sub(Duration::from_secs(60)).unwrap_or_else(Instant::now),
            free: crowd.free.clone(),
            seats: Mutex::new(crowd.seats.lock().clone()),
            next: AtomicU64::new(9),
            sent_away: AtomicU64::new(0),
        });
        busy.seated.active_ms.store(59_900, Ordering::Relaxed);
        let leaving = tokio::spawn(async move {
            idle.sent_away().wait().await;
            drop(idle);
        });
        let third = long_ago.enter().await;
        leaving.await.unwrap();
        assert_eq!((long_ago.sent_away(), third.id), (1, 9));
        let stays = busy.sent_away();
        assert!(!stays.is_set());
    }

    #[tokio::test]
    async fn places_come_back() {
        let crowd = Crowd::new(0);
        for _ in 0..3 {
            let seat = crowd.enter().await;
            seat.active();
            assert_eq!(crowd.len(), 1);
            drop(seat);
        }
        assert!(crowd.is_empty());
    }
}
