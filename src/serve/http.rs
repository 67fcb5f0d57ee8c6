//! The daemon's HTTP: `/healthz` for everybody who reaches it; `/readyz`, `/metrics` and `/alerts` (which takes what an
//! Alertmanager tells) for whoever has the token, or where there is none names loopback (`host`). Few connections, small heads, short patience: nobody out there holds up the daemon.

use super::post::Post;
use super::seat::{self, Seat};
use super::token::Token;
use super::{alerts, facts, host, metrics, ready};
use crate::state::{Control, StateDir};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Connections at once; where more come, [`seat`] says who gives way.
const CONNECTIONS: usize = 64;
/// A head must have come within this; so long an idle connection is kept.
const HEAD: Duration = Duration::from_secs(10);
/// An answer must be ready within this.
const ANSWER: Duration = Duration::from_secs(30);
/// Bytes of a head.
const BUFFER: usize = 64 << 10;
/// At the end, requests under way have so long.
const LAST: Duration = Duration::from_secs(3);
const TEXT: &str = "text/plain; charset=utf-8";

/// What requests are answered from.
#[derive(Debug)]
pub struct App {
    pub state: StateDir,
    pub posts: Arc<Vec<Post>>,
    pub token: Option<Token>,
}

type Answer = Response<Full<Bytes>>;

/// Answers until the other end of `ended` is gone; then what is under way is finished.
pub async fn serve(listener: TcpListener, app: Arc<App>, mut ended: watch::Receiver<()>) {
    let (mut open, mut seats) = (JoinSet::new(), Vec::new());
    loop {
        let full = open.len() >= CONNECTIONS;
        tokio::select! {
            _ = ended.changed() => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, _)) => {
                    let seat = Seat::new();
                    let task = open.spawn(connection(stream, Arc::clone(&app), seat.clone(), ended.clone()));
                    seats.retain(|(task, _): &(AbortHandle, Seat)| !task.is_finished());
                    seats.push((task, seat));
                }
                Err(e) => {
                    tracing::warn!("a connection could not be taken: {e}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            task = seat::to_go(&seats), if full => {
                task.abort();
                open.join_next().await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST, async { while open.join_next().await.is_some() {} }).await;
}

async fn connection(stream: TcpStream, app: Arc<App>, seat: Seat, mut ended: watch::Receiver<()>) {
    let service = service_fn(move |request| {
        let (app, seat) = (Arc::clone(&app), seat.clone());
        async move { Ok::<_, Infallible>(timely(app, request, seat).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let done = tokio::select! {
        done = &mut connection => done,
        _ = ended.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(e) = done {
        tracing::debug!("a connection ended: {e}");
    }
}

async fn timely(app: Arc<App>, request: Request<Incoming>, seat: Seat) -> Answer {
    seat.heard();
    let late = || text(StatusCode::SERVICE_UNAVAILABLE, "no answer in time: the state directory may hang\n");
    tokio::time::timeout(ANSWER, answer(app, request, seat)).await.unwrap_or_else(|_| late())
}

async fn answer(app: Arc<App>, request: Request<Incoming>, seat: Seat) -> Answer {
    if app.token.is_none() && !host::is_loopback(request.uri(), request.headers()) {
        return text(StatusCode::MISDIRECTED_REQUEST, host::OTHER);
    }
    let path = request.uri().path().to_owned();
    let Some(allowed) = allowed(&path) else {
        return text(StatusCode::NOT_FOUND, "expected /healthz, /readyz, /metrics or /alerts\n");
    };
    if !allowed.contains(request.method()) {
        let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        return with(text(StatusCode::METHOD_NOT_ALLOWED, "not this method\n"), ALLOW, &names.join(", "));
    }
    if path == "/healthz" {
        return text(StatusCode::OK, "alive\n");
    }
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if app.token.as_ref().is_some_and(|token| !token.is_in(given)) {
        let answer = text(StatusCode::UNAUTHORIZED, "expected the header Authorization: Bearer TOKEN\n");
        return with(answer, WWW_AUTHENTICATE, "Bearer");
    }
    if path == "/alerts" {
        return take(app, request, seat).await;
    }
    let _work = seat.at_work();
    let gathered = tokio::task::spawn_blocking(move || facts::gather(&app.state, &app.posts)).await;
    let Ok(facts) = gathered else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "an error of opsdeck's own: see its log\n");
    };
    if path == "/metrics" {
        return with(text(StatusCode::OK, &metrics::text(&facts)), CONTENT_TYPE, metrics::CONTENT_TYPE);
    }
    match ready::reasons(&facts).as_slice() {
        [] => text(StatusCode::OK, "ready\n"),
        reasons => text(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready:\n{}\n", reasons.join("\n"))),
    }
}

/// Alerts of an Alertmanager: 200 only when they are on the disk, so that it tells again what we lost.
async fn take(app: Arc<App>, request: Request<Incoming>, seat: Seat) -> Answer {
    // A page in somebody's browser can post text to this machine, but not JSON.
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected Content-Type: application/json\n");
    }
    let body = match Limited::new(request.into_body(), alerts::BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(e) if e.is::<LengthLimitError>() => {
            return text(
                StatusCode::PAYLOAD_TOO_LARGE,
                "expected at most 1 MiB: max_alerts of the webhook makes it less\n",
            );
        }
        Err(e) => return text(StatusCode::BAD_REQUEST, &format!("the body did not come whole: {e}\n")),
    };
    let _work = seat.at_work();
    let alerts = match alerts::read(&body, facts::now()) {
        Ok(alerts) => alerts,
        Err(why) => return text(StatusCode::BAD_REQUEST, &format!("{}\n", crate::text::plain(&why))),
    };
    let put = move || Control::open(&app.state).and_then(|control| control.put_alerts(&alerts));
    match tokio::task::spawn_blocking(put).await {
        Ok(Ok(())) => text(StatusCode::OK, "taken\n"),
        Ok(Err(e)) => {
            tracing::error!("alerts could not be written down: {e}");
            text(StatusCode::SERVICE_UNAVAILABLE, "not written down: tell again\n")
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "an error of opsdeck's own: see its log\n"),
    }
}

/// Methods of a path; `None`: there is no such path.
fn allowed(path: &str) -> Option<&'static [Method]> {
    match path {
        "/healthz" | "/readyz" | "/metrics" => Some(&[Method::GET, Method::HEAD]),
        "/alerts" => Some(&[Method::POST]),
        _ => None,
    }
}

fn text(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status;
    with(answer, CONTENT_TYPE, TEXT)
}

fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    // All of them are written in this file: they can be headers.
    if let Ok(value) = value.parse() {
        answer.headers_mut().insert(name, value);
    }
    answer
}
