//! How slowly a body may come: who sends a byte now and then is cut off, so that it holds nothing for long.

use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use futures::StreamExt;

/// A body may keep its reader waiting for this long …
const GRACE: Duration = Duration::from_secs(30);

/// … and earns back a second of it with so many bytes, so that this is the least rate that lasts.
const BYTES_PER_SECOND_MIN: u32 = 8 << 10;

/// The request, its body with a limit of time.
pub async fn of_request(request: Request) -> Request {
    request.map(|body| if body.is_end_stream() { body } else { with(body, GRACE) })
}

/// How long a body may still be waited for. What its reader does in between does not count.
struct Pace {
    grace: Duration,
    left: Duration,
}

impl Pace {
    fn came(&mut self, bytes: usize, waited: Duration) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1).saturating_mul(bytes) / BYTES_PER_SECOND_MIN;
        self.left = (self.left.saturating_sub(waited) + earned).min(self.grace);
    }
}

fn with(body: Body, grace: Duration) -> Body {
    let pace = Pace { grace, left: grace };
    let state = Some((body.into_data_stream(), pace));
    Body::from_stream(futures::stream::unfold(state, |state| async move {
        let (mut data, mut pace) = state?;
        let began = Instant::now();
        let Ok(piece) = tokio::time::timeout(pace.left, data.next()).await else {
            let slow = io::Error::new(io::ErrorKind::TimedOut, "the body comes too slowly");
            return Some((Err(axum::Error::new(slow)), None));
        };
        match piece? {
            Ok(bytes) => {
                pace.came(bytes.len(), began.elapsed());
                Some((Ok(bytes), Some((data, pace))))
            }
            Err(e) => Some((Err(e), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pieces` of so many bytes, one a millisecond.
    fn dripping(pieces: usize, bytes: usize) -> Body {
        let stream = futures::stream::unfold(0, move |n| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            (n < pieces).then(|| (Ok::<_, io::Error>(vec![b'x'; bytes]), n + 1))
        });
        Body::from_stream(stream)
    }

    async fn read(body: Body) -> Result<usize, axum::Error> {
        let mut data = body.into_data_stream();
        let mut bytes = 0;
        while let Some(piece) = data.next().await {
            bytes += piece?.len();
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn a_body_in_drops_is_cut_off_and_one_that_comes_is_not() {
        assert!(read(with(dripping(1_000_000, 1), Duration::from_millis(50))).await.is_err());
        assert_eq!(read(with(dripping(100, 64 << 10), Duration::from_millis(50))).await.unwrap(), 100 << 16);
        let silent = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, io::Error>>());
        assert!(read(with(silent, Duration::from_millis(5))).await.is_err());
    }

    #[tokio::test]
    async fn a_reader_that_takes_its_time_is_not_the_senders_fault() {
        let mut data = with(dripping(3, 1), Duration::from_millis(1000)).into_data_stream();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert!(data.next().await.unwrap().is_ok());
        }
        assert!(data.next().await.is_none());
    }
}
