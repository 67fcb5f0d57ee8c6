//! What a breaker is about, and its name as people type it: `transport:production/web1`, `service:production/web`,
//! `endpoint:http://127.0.0.1:9090`, `fleet:production`.

use std::fmt;
use std::str::FromStr;

/// What a breaker is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Reaching a host of an environment.
    Transport { environment: String, host: String },
    /// Deploying a service to an environment.
    Service { environment: String, service: String },
    /// A server that is asked: Prometheus, a load balancer.
    Endpoint { url: String },
    /// All hosts of an environment together.
    Fleet { environment: String },
}

impl Key {
    /// The environment that it belongs to; endpoints belong to none.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Key::Transport { environment, .. } | Key::Service { environment, .. } | Key::Fleet { environment } => {
                Some(environment)
            }
            Key::Endpoint { .. } => None,
        }
    }

    /// In words, for whoever waits: `deploys of web to production`.
    pub fn words(&self) -> String {
        match self {
            Key::Transport { environment, host } => format!("connections to {host} of {environment}"),
            Key::Service { environment, service } => format!("deploys of {service} to {environment}"),
            Key::Endpoint { url } => format!("requests to {url}"),
            Key::Fleet { environment } => format!("connections to the hosts of {environment}"),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Transport { environment, host } => write!(f, "transport:{environment}/{host}"),
            Key::Service { environment, service } => write!(f, "service:{environment}/{service}"),
            Key::Endpoint { url } => write!(f, "endpoint:{url}"),
            Key::Fleet { environment } => write!(f, "fleet:{environment}"),
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} names no breaker: expected transport:ENVIRONMENT/HOST, service:ENVIRONMENT/SERVICE, \
                 endpoint:URL or fleet:ENVIRONMENT, as `opsdeck breaker list` shows them"
            )
        };
        let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(wrong)?;
        // An environment's name is a folder's or a key's: it has no slash.
        let pair = || rest.split_once('/').filter(|(a, b)| !a.is_empty() && !b.is_empty()).ok_or_else(wrong);
        match kind {
            "transport" => {
                pair().map(|(env, host)| Key::Transport { environment: env.to_owned(), host: host.to_owned() })
            }
            "service" => {
                pair().map(|(env, name)| Key::Service { environment: env.to_owned(), service: name.to_owned() })
            }
            "endpoint" => Ok(Key::Endpoint { url: rest.to_owned() }),
            "fleet" => Ok(Key::Fleet { environment: rest.to_owned() }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_shown_can_be_typed() {
        for name in
            ["transport:prod/web1", "service:prod/web", "endpoint:http://[::1]:9090/x", "fleet:prod", "service:a/b/c"]
        {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), name);
        }
        for wrong in ["", "web1", "transport:web1", "transport:/web1", "service:prod/", "fleet:", "host:prod/web1"] {
            assert!(wrong.parse::<Key>().unwrap_err().contains("opsdeck breaker list"), "{wrong}");
        }
    }
}
