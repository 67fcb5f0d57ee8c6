//! What gates and checks measure, and the requests that steps make, too.

use super::keys::{Keys, Shape, keys, of};
use super::reader::{Entry, Reader, describe};
use super::shapes::{address, argv, decimal, defined, named, one_or_list, template, text};
use super::text::Text;
use crate::yaml::{Kind, Node};
use serde_json::json;

keys! {
    /// A request.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Http {
        {
            /// Address.
            url: Text,
        }
        /// Default: GET, with a body POST.
        method: Option<String> => upper();
        /// Headers.
        headers: Vec<(String, Text)> => named();
        /// Body.
        body: Option<Text> => template();
        /// Good statuses. Default: 200 to 299.
        status: Vec<u16> => one_or_list(status);
        /// Text that the answer must hold.
        contains: Option<Text> => template();
    }
}

keys! {
    /// A request as a mapping of its own.
    #[derive(Debug, Clone)]
    pub struct Request {
        ..http: Http;
        /// Address.
        url: Option<Text> => address("the address"), required("this request has no address", "url: http://...");
    }
}

keys! {
    /// What is measured, as it is written.
    #[derive(Debug, Clone)]
    pub struct Measured {
        ..request: Http, with(&["http"]);
        /// Address; {host} stands for each host of the batch.
        http: Option<Http> => http(), kind();
        /// host:port.
        tcp: Option<Text> => tcp(), kind();
        /// Program on the control host: 0 passes, 75 is inconclusive.
        command: Option<Vec<Text>> => argv(), kind();
        /// Unit on the hosts.
        systemd: Option<Text> => template(), kind();
        /// Instant query; every sample must be within bounds.
        prometheus: Option<Text> => template(), kind();
        /// Prometheus server.
        url: Option<Text> => address("the server's address"), with(&["prometheus"]);
        /// Lower bound.
        min: Option<f64> => decimal(), with(&["prometheus"]);
        /// Upper bound.
        max: Option<f64> => decimal(), with(&["prometheus"]);
    }
}

/// What a gate measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// A request.
    Http(Http),
    /// `host:port`.
    Tcp(Text),
    /// A program here.
    Command(Vec<Text>),
    /// A unit.
    Systemd(Text),
    /// A query.
    Prometheus {
        /// Server.
        url: Text,
        /// Query.
        query: Text,
        /// Lower bound.
        min: Option<f64>,
        /// Upper bound.
        max: Option<f64>,
    },
}

impl Probe {
    /// All that may hold something to fill in.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Probe::Http(http) => {
                let more = http.headers.iter().map(|(_, value)| value).chain(&http.body).chain(&http.contains);
                std::iter::once(&http.url).chain(more).collect()
            }
            Probe::Tcp(text) | Probe::Systemd(text) => vec![text],
            Probe::Command(argv) => argv.iter().collect(),
            Probe::Prometheus { url, query, .. } => vec![url, query],
        }
    }
}

impl Measured {
    /// What is measured; `bounds`: a query needs its own.
    pub fn probe(self, entry: &Entry<'_>, what: &str, bounds: bool, reader: &mut Reader) -> Option<Probe> {
        let one = self.http.map(|http| Probe::Http(http.with(self.request))).or(self.tcp.map(Probe::Tcp));
        let one = one.or(self.command.map(Probe::Command)).or(self.systemd.map(Probe::Systemd));
        let Some(query) = self.prometheus else { return one };
        let Some(url) = self.url else {
            if entry.value.get("url").is_none() {
                let expected = "url: http://127.0.0.1:9090";
                reader.mistake(entry.mark, format!("{what} knows no server"), "no \"url\"".into(), expected);
            }
            return None;
        };
        let (min, max) = (self.min, self.max);
        if bounds && min.is_none() && max.is_none() {
            let expected = "min, max or both: what the value must be within";
            let message = format!("{what} has no bounds and would always pass");
            reader.mistake(entry.mark, message, "neither".into(), expected);
        } else if min.zip(max).is_some_and(|(min, max)| min > max) {
            let at = entry.value.get("max").map_or(entry.mark, |node| node.mark);
            reader.mistake(at, "nothing is within these bounds", "max below min".into(), "max at or above min");
        }
        Some(Probe::Prometheus { url, query, min, max })
    }
}

impl Http {
    /// An address with what stands beside it; a mapping of its own has all.
    pub fn with(self, beside: Http) -> Http {
        if beside == Http::default() { self } else { Http { url: self.url, ..beside } }
    }
}

/// An address, or a mapping of its own.
pub fn http() -> impl Shape<Value = Http> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        if !matches!(node.kind, Kind::Mapping(_)) {
            return Some(Http { url: address("the address").read(node, what, reader)?, ..Http::default() });
        }
        let mut request = Request::default();
        request.fill(node, node.mark, "http", reader);
        Some(Http { url: request.url?, ..request.http })
    };
    of(read, || json!({ "oneOf": [text().schema(), defined(text(), "Http").schema()] }))
}

fn tcp() -> impl Shape<Value = Text> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let address = reader.template(node, what)?;
        let port = address.text.rsplit_once(':').map(|(_, port)| port);
        if !port.is_some_and(|port| port.contains("{{") || port.parse::<u16>().is_ok_and(|port| port > 0)) {
            let expected = "host:port, such as {host}:8080";
            reader.mistake(node.mark, "this address has no port", describe(node), expected);
        }
        Some(address)
    };
    of(read, || text().schema())
}

fn upper() -> impl Shape<Value = String> {
    of(|node, what, reader| Some(reader.text(node, what)?.to_uppercase()), || text().schema())
}

fn status() -> impl Shape<Value = u16> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        reader.number(node, what, 100, 599).and_then(|status| u16::try_from(status).ok())
    };
    of(read, || json!({ "type": "integer", "minimum": 100, "maximum": 599 }))
}
