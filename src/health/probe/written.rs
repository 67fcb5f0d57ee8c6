//! Probes out of what `opsdeck.yaml` says, each text as the caller fills it in.

use super::{Http, Probe};
use crate::project::config::release as written;
use crate::project::config::text::Text;

impl Http {
    /// The request that was written.
    ///
    /// # Errors
    /// The first text that cannot be filled in.
    pub fn of<E>(http: &written::Http, fill: impl Fn(&Text) -> Result<String, E>) -> Result<Http, E> {
        let default = if http.body.is_some() { "POST" } else { "GET" };
        let headers = http.headers.iter().map(|(name, value)| Ok((name.clone(), fill(value)?)));
        Ok(Http {
            method: http.method.clone().unwrap_or_else(|| default.into()),
            url: fill(&http.url)?,
            headers: headers.collect::<Result<_, E>>()?,
            body: http.body.as_ref().map(&fill).transpose()?,
            status: http.status.clone(),
            contains: http.contains.as_ref().map(&fill).transpose()?,
        })
    }
}

impl Probe {
    /// The probe that was written.
    ///
    /// # Errors
    /// The first text that cannot be filled in.
    pub fn of<E>(probe: &written::Probe, fill: impl Fn(&Text) -> Result<String, E>) -> Result<Probe, E> {
        Ok(match probe {
            written::Probe::Http(http) => Probe::Http { request: Http::of(http, fill)? },
            written::Probe::Tcp(address) => Probe::Tcp { address: fill(address)? },
            written::Probe::Command(argv) => Probe::Command { argv: argv.iter().map(fill).collect::<Result<_, E>>()? },
            written::Probe::Systemd(unit) => Probe::Systemd { unit: fill(unit)? },
            written::Probe::Prometheus { url, query, min, max } => {
                Probe::Prometheus { url: fill(url)?, query: fill(query)?, min: *min, max: *max }
            }
        })
    }
}
