//! `GET /ready`: whether records and queries can be sent here now, and why not.

use axum::http::StatusCode;
use gastrolog_engine::{EngineError, OWN_STORE, StoreInfo};
use serde_json::json;

/// Why the server is not ready: what it is about, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    about: String,
    why: String,
}

/// Everything that keeps the server from being ready; nothing: it is.
pub(super) fn reasons(draining: bool, stores: Result<Vec<StoreInfo>, EngineError>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if draining {
        reasons.push(Reason { about: "server".into(), why: "it is stopping".into() });
    }
    match stores {
        Ok(stores) => {
            // The server's own log is of no importance to those who send.
            let of_users = stores.into_iter().filter(|store| store.name != OWN_STORE);
            let troubled = of_users.filter(|store| !store.trouble.is_empty());
            reasons.extend(troubled.map(|s| Reason { about: format!("store {}", s.name), why: s.trouble }));
        }
        Err(e) => reasons.push(Reason { about: "server".into(), why: e.to_string() }),
    }
    reasons
}

/// The answer: for programs as JSON, for people as text.
pub(super) fn answer(reasons: &[Reason], as_json: bool) -> (StatusCode, &'static str, String) {
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if as_json {
        let list: Vec<_> = reasons.iter().map(|r| json!({ "about": r.about, "why": r.why })).collect();
        return (status, "application/json", format!("{}\n", json!({ "ready": ready, "reasons": list })));
    }
    let mut text = if ready { "ready\n".to_owned() } else { "not ready\n".to_owned() };
    reasons.iter().for_each(|r| text.push_str(&format!("{}: {}\n", r.about, r.why)));
    (status, "text/plain; charset=utf-8", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_to_people_and_to_programs() {
        let store = |name: &str, trouble: &str| StoreInfo {
            name: name.into(),
            trouble: trouble.into(),
            ..StoreInfo::default()
        };
        let own = store(OWN_STORE, "the disk is full");
        assert_eq!(answer(&reasons(false, Ok(vec![store("a", ""), own])), false).0, StatusCode::OK);
        let found = reasons(true, Ok(vec![store("a", ""), store("b", "the disk is full")]));
        let (status, _, text) = answer(&found, false);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text, "not ready\nserver: it is stopping\nstore b: the disk is full\n");
        let (_, kind, json) = answer(&found, true);
        assert!(
            kind == "application/json" && json.contains(r#"{"about":"store b","why":"the disk is full"}"#)
        );
        assert_eq!(reasons(false, Err(EngineError::Unavailable("gone".into()))).len(), 1);
    }
}
