//! Errors of the façade as codes of the wire, and back.

use connectrpc::{ConnectError, ErrorCode};
use gastrolog_engine::EngineError;

/// The code and message a caller gets for `error`.
pub(crate) fn to_wire(error: EngineError) -> ConnectError {
    let (code, message) = match error {
        EngineError::BadQuery(m) => (ErrorCode::InvalidArgument, m),
        EngineError::NotFound(m) => (ErrorCode::NotFound, m),
        EngineError::Locked(m) => (ErrorCode::Aborted, m),
        EngineError::Cancelled(m) => (ErrorCode::Canceled, m),
        EngineError::LimitReached(m) => (ErrorCode::ResourceExhausted, m),
        EngineError::Unavailable(m) => (ErrorCode::Unavailable, m),
        EngineError::Refused(m) => (ErrorCode::FailedPrecondition, m),
        EngineError::Damaged(m) => (ErrorCode::DataLoss, m),
    };
    ConnectError::new(code, message)
}

/// What a code of the wire means to a caller of the façade.
pub(crate) fn from_wire(error: ConnectError) -> EngineError {
    let message = error.message.clone().unwrap_or_else(|| error.code.as_str().to_owned());
    match error.code {
        ErrorCode::InvalidArgument => EngineError::BadQuery(message),
        ErrorCode::NotFound => EngineError::NotFound(message),
        ErrorCode::Aborted => EngineError::Locked(message),
        ErrorCode::Canceled => EngineError::Cancelled(message),
        ErrorCode::DeadlineExceeded => EngineError::Cancelled(format!("out of time: {message}")),
        ErrorCode::ResourceExhausted => EngineError::LimitReached(message),
        ErrorCode::Unavailable => EngineError::Unavailable(message),
        ErrorCode::DataLoss => EngineError::Damaged(message),
        _ => EngineError::Refused(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_comes_back_as_what_it_was() {
        let all = [
            EngineError::BadQuery("a\n ^ here".into()),
            EngineError::NotFound("b".into()),
            EngineError::Locked("c".into()),
            EngineError::Cancelled("d".into()),
            EngineError::LimitReached("h".into()),
            EngineError::Unavailable("e".into()),
            EngineError::Refused("f".into()),
            EngineError::Damaged("g".into()),
        ];
        for error in all {
            let there_and_back = from_wire(to_wire(error.clone()));
            assert_eq!(std::mem::discriminant(&there_and_back), std::mem::discriminant(&error));
            assert_eq!(there_and_back.to_string(), error.to_string());
        }
    }
}
