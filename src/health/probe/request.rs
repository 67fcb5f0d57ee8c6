//! One HTTP request, made from this machine: what probes measure with and switches are proved by. Blocking, and never longer
//! than its limit. It judges nothing: which answers are good is known to whoever asks.

use crate::text::{cut, plain};
use rustls::crypto::aws_lc_rs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use ureq::http::{Request, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error, RequestExt};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Http {
    /// Method; `GET` by default.
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Option<String>,
    /// Statuses that are good; empty: 200 to 299.
    #[serde(default)]
    pub status: Vec<u16>,
    /// Text that the answer's body must hold.
    #[serde(default)]
    pub contains: Option<String>,
}

/// Bytes of a body that are read; the rest is left unread.
const BODY: u64 = 256 << 10;

/// Every request opens its own connection: a kept one would prove nothing about the next client's.
static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // A login page at the end of a redirect is a 200 that says nothing.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        // What is asked is the address itself, not what a proxy thinks of it.
        .proxy(None)
        .user_agent(concat!("opsdeck/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
});

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Its name (`Service Unavailable`); empty where it has none.
    pub reason: &'static str,
    /// Headers as they came, names in lower case. Hostile.
    pub headers: Vec<(String, String)>,
    /// The first 256 KiB of the body. Hostile.
    pub body: String,
    /// From the first byte out to the last byte in.
    pub took: Duration,
}

impl Answer {
    /// A header's first value. Hostile.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `503 Service Unavailable`.
    pub fn status_line(&self) -> String {
        format!("{} {}", self.status, self.reason).trim_end().to_owned()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Failed {
    /// In words, safe for a terminal, one line. The address's path and query stay out: they may hold a token.
    pub why: String,
    /// It may go well another time.
    pub transient: bool,
    /// It never left this machine: nothing is known of whoever was to be asked.
    pub unasked: bool,
}

/// Sends `request` and reads the answer, in at most `limit`. Redirects are answers; proxies are not used.
///
/// # Errors
/// The request cannot be made as it stands, or no whole answer came in time.
pub fn send(request: &Http, limit: Duration) -> Result<Answer, Failed> {
    let uri: Uri = request.url.parse().map_err(|e| unusable(&request.url, e))?;
    let Some(place) = uri.authority().map(|a| a.as_str().rsplit('@').next().unwrap_or_default().to_owned()) else {
        return Err(unusable(&request.url, "expected http://host:port/path or https://..."));
    };
    let method = if request.method.is_empty() { "GET" } else { &request.method };
    let mut builder = Request::builder().method(method).uri(uri);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let began = Instant::now();
    let answer = match &request.body {
        Some(body) => builder.body(body.as_str()).map_err(|e| unusable(&place, e)).map(|r| run(r, limit)),
        None => builder.body(()).map_err(|e| unusable(&place, e)).map(|r| run(r, limit)),
    }?;
    let mut answer = answer.map_err(|e| failed(&place, &e, limit))?;
    let mut body = Vec::new();
    let read = answer.body_mut().as_reader().take(BODY).read_to_end(&mut body);
    read.map_err(|e| failed(&place, &Error::from(e), limit))?;
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Answer {
        status: answer.status().as_u16(),
        reason: answer.status().canonical_reason().unwrap_or_default(),
        headers: answer.headers().iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        took: began.elapsed(),
    })
}

fn run<B: ureq::AsSendBody>(request: Request<B>, limit: Duration) -> Result<ureq::http::Response<ureq::Body>, Error> {
    let with = request.with_agent(&*AGENT).configure().timeout_global(Some(limit));
    with.allow_non_standard_methods(true).run()
}

fn unusable(what: &str, why: impl Display) -> Failed {
    let text = format!("{what} cannot be asked: {why}");
    Failed { why: cut(&plain(&text), 240).to_owned(), transient: false, unasked: true }
}

fn failed(place: &str, error: &Error, limit: Duration) -> Failed {
    let (why, transient) = match error {
        Error::Timeout(what) => (format!("no answer from {place} within {:.1} s ({what})", limit.as_secs_f32()), true),
        Error::Io(e) => (format!("no answer from {place}: {e}"), true),
        Error::HostNotFound => (format!("{place}: this name is not known to the resolver"), true),
        Error::ConnectionFailed => (format!("no connection to {place}"), true),
        other => (format!("no whole answer from {place}: {other}"), false),
    };
    // A failed look-up has no kind of its own in std, only these words.
    let unasked = matches!(error, Error::HostNotFound)
        || matches!(error, Error::Io(e) if e.to_string().starts_with("failed to lookup address"));
    Failed { why: cut(&plain(&why), 240).to_owned(), transient, unasked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    /// A server that answers each connection with the next of `answers` and gives back what it was asked.
    fn server(answers: Vec<&'static [u8]>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = move || answers.iter().map(|answer| serve(&listener.accept().unwrap().0, answer)).collect();
        (address, std::thread::spawn(asked))
    }

    fn serve(mut stream: &TcpStream, answer: &[u8]) -> String {
        let mut piece = [0; 4096];
        let mut asked = String::new();
        while !(asked.contains("\r\n\r\n") && (!asked.starts_with("POST") || asked.ends_with("ping"))) {
            let n = stream.read(&mut piece).unwrap();
            asked.push_str(std::str::from_utf8(&piece[..n]).unwrap());
        }
        stream.write_all(answer).unwrap();
        asked
    }

    fn get(url: String) -> Http {
        Http { url, ..Http::default() }
    }

    #[test]
    fn an_answer_is_given_back_whole_whatever_its_status() {
        let (url, asked) = server(vec![
            b"HTTP/1.1 503 Busy\r\nX-Version: 1.2\r\nContent-Length: 4\r\n\r\nb\xffsy",
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ]);
        let mut post = get(format!("{url}/x?y"));
        post.method = "POST".into();
        post.body = Some("ping".into());
        post.headers.insert("X-Test".into(), "yes".into());
        let answer = send(&post, Duration::from_secs(20)).unwrap();
        assert_eq!((answer.status_line(), answer.body.as_str()), ("503 Service Unavailable".into(), "b\u{fffd}sy"));
        assert_eq!(answer.header("x-version"), Some("1.2"));
        assert_eq!(send(&get(url), Duration::from_secs(20)).unwrap().status, 302, "a redirect is an answer");
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /x?y HTTP/1.1\r\n") && asked[0].to_lowercase().contains("x-test: yes"));
    }

    #[test]
    fn a_body_without_end_is_cut_and_a_silent_server_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let endless = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            let _ = stream.write_all(&head);
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
            listener
        });
        let answer = send(&get(url.clone()), Duration::from_secs(20)).unwrap();
        assert_eq!(answer.body.len() as u64, BODY);
        // From here on nobody accepts: the kernel completes the handshake, and then there is silence.
        let listener = endless.join().unwrap();
        let began = Instant::now();
        let silent = send(&get(url), Duration::from_millis(300)).unwrap_err();
        assert!(silent.transient && silent.why.contains("within 0.3 s"), "{silent}");
        assert!(began.elapsed() < Duration::from_secs(10));
        drop(listener);
    }

    #[test]
    fn what_cannot_be_asked_says_so_without_the_path() {
        let failed = |url: &str| send(&get(url.into()), Duration::from_secs(5)).unwrap_err();
        let refused = failed("http://user:pw@127.0.0.1:1/?token=secret");
        assert!(refused.transient && refused.why.contains("127.0.0.1:1: Connection refused"), "{refused}");
        assert!(!refused.why.contains("secret") && !refused.why.contains("pw"), "{refused}");
        let unknown = failed("http://no-such-name.invalid/");
        assert!(unknown.unasked && !refused.unasked, "{unknown}");
        let wrong = failed("/health");
        assert!(!wrong.transient && wrong.why.contains("expected http://host:port/path"), "{wrong}");
    }

    #[test]
    fn what_speaks_no_tls_has_given_no_answer() {
        let (url, _asked) = server(vec![b"this is no TLS\r\n\r\n"]);
        let wrong = send(&get(url.replace("http:", "https:")), Duration::from_secs(20)).unwrap_err();
        assert!(wrong.why.contains("no whole answer") || wrong.why.contains("no answer"), "{wrong}");
    }
}
