//! `gastrolog receivers test NAME`: sends a receiver a record by its own protocol and finds it again.

mod send;
mod wire;

use std::time::{Duration, Instant};

use gastrolog_engine::{Cancel, QueryRequest, Service};
use gastrolog_env::Env;
use gastrolog_ingest::ReceiverStatus;

use self::send::{Probe, send};

/// How long the record may take to be found.
const FIND: Duration = Duration::from_secs(10);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A step of the test.
pub(crate) struct Step {
    /// What was done, and where.
    pub(crate) what: String,
    /// What came of it; an error says what to do.
    pub(crate) result: Result<String, String>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Step {
    fn of(what: String, run: impl FnOnce() -> Result<String, String>) -> Step {
        let begin = Instant::now();
        let result = run();
        Step { what, result, took: begin.elapsed() }
    }
}

/// Tests each address of `receiver`; a step that fails ends the test of its address.
pub(crate) fn test(service: &dyn Service, receiver: &ReceiverStatus) -> Vec<Step> {
    let mut steps = Vec::new();
    let http = |address: &&String| address.contains("://");
    let addresses: Vec<&String> = receiver.addresses.iter().filter(http).collect();
    if addresses.is_empty() {
        let nowhere = || send_to(receiver, "", &Probe { id: "", text: "" });
        steps.push(Step::of(format!("send to {}", receiver.name), nowhere));
    }
    for address in addresses {
        let random = Env::real().random.next_u64();
        let id = format!("gastrologtest{random:016x}");
        let text = format!("gastrolog receivers test {id}");
        let probe = Probe { id: &id, text: &text };
        let sent = Step::of(format!("send to {address}"), || send_to(receiver, address, &probe));
        let is_sent = sent.result.is_ok();
        steps.push(sent);
        if is_sent {
            steps.push(Step::of(format!("find {id}"), || find(service, &id)));
        }
    }
    steps
}

fn send_to(receiver: &ReceiverStatus, address: &str, probe: &Probe<'_>) -> Result<String, String> {
    let answer = send(&receiver.kind, &receiver.name, address, probe)?;
    answer.map_err(|e| match e.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!("{e}: nothing listens there; run this on the machine of the server, and see that it has started")
        }
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            format!("no answer in time ({e}): the store may not take records; see GET /ready")
        }
        _ => format!("{e}; `gastrolog receivers` shows the last error of {}", receiver.name),
    })
}

/// Looks for the record in every store: routes may have sent it to any.
fn find(service: &dyn Service, id: &str) -> Result<String, String> {
    let until = Instant::now() + FIND;
    loop {
        for store in service.stores().map_err(|e| e.to_string())? {
            let request = QueryRequest {
                query: id.to_owned(),
                store: store.name.clone(),
                limit: Some(1),
                ..QueryRequest::default()
            };
            let end =
                service.query(&request, &Cancel::default(), &mut |_| true).map_err(|e| e.to_string())?;
            if end.returned > 0 {
                return Ok(format!("found in store {}", store.name));
            }
        }
        if Instant::now() > until {
            return Err("it was sent and is not found: `gastrolog receivers` shows whether it was received, and what \
                        was dropped; a route, filter or sampling may have taken it"
                .into());
        }
        std::thread::sleep(PAUSE);
    }
}
