//! By which names this machine may be called where no token is asked for: a page in somebody's browser reaches a loopback
//! address, too, under a name of its own that it lets point there. Only names of loopback itself are answered then.

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Uri};
use std::net::IpAddr;

/// What whoever calls it by another name is told.
pub const OTHER: &str = "expected a Host of loopback (localhost, 127.0.0.1, [::1]), as long as no token is asked for: \
                         `opsdeck serve --token-file` answers to any\n";

/// True if every name that a request calls this machine by is one of loopback. What names none is no browser's.
pub fn is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let named = uri.authority().is_none_or(is_own);
    named
        && headers.get_all(HOST).iter().all(|host| Authority::try_from(host.as_bytes()).is_ok_and(|host| is_own(&host)))
}

/// `localhost` or a loopback address, with any port: a tunnel has one of its own.
fn is_own(name: &Authority) -> bool {
    let host = name.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    !name.as_str().contains('@') && (host.eq_ignore_ascii_case("localhost") || address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_meant() {
        let of = |uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().unwrap());
            }
            is_loopback(&uri.parse().unwrap(), &headers)
        };
        for own in
            ["localhost", "LocalHost:9590", "127.0.0.1", "127.8.9.1:9590", "[::1]", "[::1]:9590", "127.0.0.1:8080"]
        {
            assert!(of("/readyz", &[own]), "{own}");
        }
        for other in [
            "evil.example",
            "evil.example:9590",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "10.0.0.1:9590",
            "0.0.0.0",
            "[::]",
            "",
            "a b",
        ] {
            assert!(!of("/readyz", &[other]), "{other}");
        }
        assert!(of("/readyz", &[]), "HTTP/1.0 of a balancer's check");
        assert!(!of("/readyz", &["localhost", "evil.example"]) && !of("http://evil.example/readyz", &["localhost"]));
    }
}
