//! One request, and what its answer means for a download.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::http::{HeaderMap, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::error::Problem;
use super::partial::Origin;

/// How long to wait for a connection, for an answer, and for more of the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whoever asks the servers. Proxies come from `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY`, certificates from the system.
pub fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("jackpot/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent()
}

/// What a server gives.
pub enum Answer {
    /// The file from its start: there was nothing to go on with, or the server does not know how,
    /// or the file is another one now.
    Whole { body: Box<dyn Read + Send>, origin: Origin },
    /// The rest of the file.
    Rest { body: Box<dyn Read + Send> },
    /// There is no rest.
    Done,
    /// What is there does not fit the server's file.
    Stale,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Refusal {
    pub problem: Problem,
    /// Whether it may help to ask again.
    pub transient: bool,
}

/// Asks for a file, of which the first `have` bytes are there.
pub fn ask(agent: &Agent, have: u64, before: &Origin) -> Result<Answer, Refusal> {
    let url = &before.url;
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
        if let Some(validator) = &before.validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    let answer = request.call().map_err(refusal)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers());
    match status {
        200 => {
            let origin = Origin {
                url: url.clone(),
                validator: validator(headers),
                total: number(headers, header::CONTENT_LENGTH),
            };
            Ok(Answer::Whole { body: Box::new(answer.into_body().into_reader()), origin })
        }
        206 => match range(headers) {
            Some((start, total)) if start == have && same_total(total, before.total) => {
                Ok(Answer::Rest { body: Box::new(answer.into_body().into_reader()) })
            }
            _ => Ok(Answer::Stale),
        },
        // "bytes */N": asked for what is beyond the end.
        416 if have > 0 => match unsatisfied(headers) {
            Some(total) if total == have => Ok(Answer::Done),
            _ => Ok(Answer::Stale),
        },
        status => {
            let transient = status == 408 || status == 429 || status >= 500;
            Err(Refusal { problem: Problem::Status(status), transient })
        }
    }
}

fn same_total(now: Option<u64>, before: Option<u64>) -> bool {
    now.is_none() || before.is_none() || now == before
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// By which a later request can say which file it goes on with. A weak ETag cannot.
fn validator(headers: &HeaderMap) -> Option<String> {
    let etag = text(headers, header::ETAG).filter(|etag| !etag.starts_with("W/"));
    etag.or_else(|| text(headers, header::LAST_MODIFIED)).map(str::to_owned)
}

/// `bytes 5-9/10` or `bytes 5-9/*`: the start, and the total.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) =
        text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

/// The total of `bytes */10`.
fn unsatisfied(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes */")?.parse().ok()
}

fn refusal(error: Error) -> Refusal {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let transient = match &error {
        Error::Timeout(_) => true,
        Error::Io(error) => {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        }
        _ => false,
    };
    let words = match error {
        Error::HostNotFound => "the host is not known (is there a network?)".to_owned(),
        Error::BadUri(_) => "this is no address that can be fetched".to_owned(),
        Error::Io(error) => format!("no connection: {error}"),
        Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        other => other.to_string(),
    };
    Refusal { problem: Problem::Connection(words), transient }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn ranges_are_understood() {
        let of = |text| range(&headers(&[("content-range", text)]));
        assert_eq!(of("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(of("bytes 5-9/*"), Some((5, None)));
        for bad in ["bytes */10", "5-9/10", "bytes 5/10", "bytes x-9/10", ""] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(unsatisfied(&headers(&[("content-range", "bytes */10")])), Some(10));
    }

    #[test]
    fn a_weak_etag_says_nothing_of_bytes() {
        assert_eq!(validator(&headers(&[("etag", "\"a\"")])).as_deref(), Some("\"a\""));
        assert_eq!(validator(&headers(&[("etag", "W/\"a\"")])), None);
        let date = "Sun, 07 Jun 2009 00:00:00 GMT";
        let both = headers(&[("etag", "W/\"a\""), ("last-modified", date)]);
        assert_eq!(validator(&both).as_deref(), Some(date));
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        let origin = Origin { url: "not an address".to_owned(), ..Origin::default() };
        let Err(refusal) = ask(&agent(), 0, &origin) else { panic!("an answer") };
        assert!(!refusal.transient, "{refusal:?}");
    }
}
