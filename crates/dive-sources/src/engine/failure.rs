//! Explains errors of engines to the user: the cause, and what to do about it.

use std::error::Error as StdError;
use std::io;

use serde::Deserialize;

use super::address::{Address, Tcp};
use super::api::ApiError;
use super::error::AttemptFailure;
use crate::program::ProgramError;
use crate::quote::one_line;

/// Why `address` cannot be connected to.
pub(super) fn of_connection(error: &ApiError, address: &Address) -> AttemptFailure {
    match (error, address) {
        (ApiError::Io(io), Address::Unix(path)) if io.kind() == io::ErrorKind::NotFound => {
            AttemptFailure::NoSocket(path.clone())
        }
        _ => AttemptFailure::Other(explain(error, address)),
    }
}

/// The message for a failed connection to `address`.
fn explain(error: &ApiError, address: &Address) -> String {
    match error {
        ApiError::Status { status, message } if message.contains("HTTPS") => {
            format!("it requires TLS (HTTP {status}); set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the TLS files")
        }
        ApiError::Status { status, message } if message.trim_start().starts_with('<') => {
            format!("not a container engine: it returned a web page (HTTP {status})")
        }
        ApiError::Status { status, message } => {
            format!("not a container engine, or not ready: HTTP {status}: {}", one_line(message))
        }
        ApiError::Document(_) | ApiError::Version => "not a container engine: unexpected response".to_owned(),
        other => answer(other, address),
    }
}

/// The message for a failed request to a connected engine.
pub(super) fn answer(error: &ApiError, address: &Address) -> String {
    match error {
        ApiError::Status { status, message } if message.trim().is_empty() => {
            format!("it responded with HTTP {status} and no message")
        }
        ApiError::Status { message, .. } => one_line(message),
        // The `source` of a transparent error skips the error inside, so look at that error itself.
        ApiError::Io(error) => of_chain(error, address),
        ApiError::Http(error) => of_chain(error, address),
        other => one_line(&other.to_string()),
    }
}

/// The message for the innermost known cause.
fn of_chain(error: &(dyn StdError + 'static), address: &Address) -> String {
    let mut innermost = error;
    let mut text = error.to_string();
    loop {
        if let Some(io) = innermost.downcast_ref::<io::Error>() {
            let inside = io.get_ref().and_then(|inside| inside.downcast_ref::<rustls::Error>());
            if let (Some(tls_error), Address::Tcp(Tcp { tls: Some(tls), .. })) = (inside, address) {
                return tls.explain(tls_error);
            }
            return of_io(io);
        }
        if let Some(http) = innermost.downcast_ref::<hyper::Error>() {
            // Unexpected bytes before the first request also come from another protocol.
            if http.is_parse() || text.starts_with("received unexpected message") {
                return "not a container engine: it does not speak HTTP".to_owned();
            }
            if http.is_incomplete_message() {
                "the connection was closed without a response".clone_into(&mut text);
            }
        }
        let Some(source) = innermost.source() else { return one_line(&text) };
        innermost = source;
        text = innermost.to_string();
    }
}

fn of_io(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, Some(_)) => "no such file".to_owned(),
        (io::ErrorKind::PermissionDenied, Some(_)) => {
            "permission denied; join the group that owns it (for Docker: `sudo usermod -aG docker $USER`, then log in \
             again), or use sudo"
                .to_owned()
        }
        (io::ErrorKind::ConnectionRefused, _) => "connection refused: nothing listens there".to_owned(),
        (io::ErrorKind::NetworkDown | io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable, _) => {
            format!("{}; check the network connection", one_line(&error.to_string()))
        }
        _ if error.to_string().starts_with("failed to lookup address information") => {
            format!("{}; check the host name and the DNS", one_line(&error.to_string()))
        }
        (io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof, _) => {
            "the connection was interrupted".to_owned()
        }
        _ => one_line(&error.to_string()),
    }
}

/// The message for a failed command.
pub(super) fn of_program(failure: &ProgramError) -> String {
    match failure {
        ProgramError::Absent => "not in PATH".to_owned(),
        ProgramError::Io(error) => one_line(&error.to_string()),
        ProgramError::Exited { message, .. } => message.clone(),
        ProgramError::Cancelled => "cancelled".to_owned(),
    }
}

/// The message in an error response, which is usually JSON.
pub(super) fn message_of(answer: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Answer {
        message: String,
    }
    match serde_json::from_slice::<Answer>(answer) {
        Ok(answer) => answer.message,
        Err(_) => String::from_utf8_lossy(answer).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_error_is_shown_without_its_json() {
        assert_eq!(message_of(br#"{"message": "No such image: x"}"#), "No such image: x");
        assert_eq!(message_of(b"page not found"), "page not found");
        let said = |message: &str| {
            let error = ApiError::Status { status: 307, message: message.to_owned() };
            answer(&error, &Address::Unix("/run/docker.sock".into()))
        };
        assert_eq!(
            (said("gone\n"), said(" ")),
            ("gone".to_owned(), "it responded with HTTP 307 and no message".to_owned())
        );
    }
}
