//! `gastrolog receivers test NAME`: sends a receiver a record by its own protocol and finds it again. What reads
//! files, containers or topics is not written to: what it reads is looked at.

mod look;
mod send;
mod tls;
mod wire;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gastrolog_engine::{Cancel, QueryRequest, Service};
use gastrolog_env::Env;
use gastrolog_ingest::ReceiverStatus;

use self::send::{Probe, send};
pub(crate) use self::tls::Trust;

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

/// Where a receiver is tested.
pub(crate) struct Place<'a> {
    /// The server.
    pub(crate) service: &'a dyn Service,
    /// Where it keeps bookmarks of the receiver, if it has any and they are on this machine.
    pub(crate) state_file: Option<PathBuf>,
}

/// Tests each address of `receiver`; a step that fails ends the test of its address.
pub(crate) fn test(place: &Place<'_>, receiver: &ReceiverStatus, trust: &Trust) -> Vec<Step> {
    if let Some(steps) = look::look(receiver, place.state_file.as_deref()) {
        return steps;
    }
    let mut steps = Vec::new();
    if receiver.addresses.is_empty() {
        let nowhere = || send_to(receiver, "", &Probe { id: "", text: "" }, trust);
        steps.push(Step::of(format!("send to {}", receiver.name), nowhere));
    }
    for address in &receiver.addresses {
        let random = Env::real().random.next_u64();
        let id = format!("gastrologtest{random:016x}");
        let text = format!("gastrolog receivers test {id}");
        let probe = Probe { id: &id, text: &text };
        let sent = Step::of(format!("send to {address}"), || send_to(receiver, address, &probe, trust));
        let is_sent = sent.result.is_ok();
        steps.push(sent);
        if is_sent {
            steps.push(Step::of(format!("find {id}"), || find(place.service, &id)));
        }
    }
    steps
}

fn send_to(
    receiver: &ReceiverStatus,
    address: &str,
    probe: &Probe<'_>,
    trust: &Trust,
) -> Result<String, String> {
    let answer = send(&receiver.kind, &receiver.name, address, probe, trust)?;
    let answer = answer.map(|said| if is_tls(address) { format!("{said}; {}", trust.said()) } else { said });
    answer.map_err(|e| trust.remedy(&e).unwrap_or_else(|| remedy(receiver, &e)))
}

/// Whether TLS is spoken at an address, as the list of receivers has it.
fn is_tls(address: &str) -> bool {
    ["tls://", "https://"].iter().any(|scheme| address.starts_with(scheme))
}

/// What to do about a fault of sending.
fn remedy(receiver: &ReceiverStatus, e: &std::io::Error) -> String {
    match e.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!(
                "{e}: nothing listens there; run this on the machine of the server, and see that it has started"
            )
        }
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            format!("no answer in time ({e}): the store may not take records; see GET /ready")
        }
        _ => format!("{e}; `gastrolog receivers` shows the last error of {}", receiver.name),
    }
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
