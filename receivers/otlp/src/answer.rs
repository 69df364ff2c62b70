//! Codes and messages of answers that are not success.

use gastrolog_net::web::{Problem, RETRY_AFTER_S};
use gastrolog_net::wire::{put_bytes, put_varint};

/// The code of gRPC that says what the status of HTTP says.
pub(crate) fn code(problem: &Problem) -> u32 {
    match problem {
        Problem::Bad(_) => 3,
        // OUT_OF_RANGE: senders do not try it again, as RESOURCE_EXHAUSTED with RetryInfo would make them.
        Problem::TooLarge(_) => 11,
        Problem::Encoding(_) => 12,
        Problem::Silent(_) | Problem::Busy | Problem::Unavailable(_) => 14,
    }
}

/// `google.rpc.Status` in protobuf, with `RetryInfo` where the sender should come again.
pub(crate) fn status(problem: &Problem) -> Vec<u8> {
    let mut status = Vec::new();
    put_varint(&mut status, 1, code(problem).into());
    put_bytes(&mut status, 2, problem.to_string().as_bytes());
    if problem.passes() {
        let (mut delay, mut info, mut any) = (Vec::new(), Vec::new(), Vec::new());
        put_varint(&mut delay, 1, RETRY_AFTER_S.into());
        put_bytes(&mut info, 1, &delay);
        put_bytes(&mut any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
        put_bytes(&mut any, 2, &info);
        put_bytes(&mut status, 3, &any);
    }
    status
}
