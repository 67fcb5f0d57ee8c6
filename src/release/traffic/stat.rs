//! `show stat` of HAProxy: servers of backends, as far as a switch needs them. Columns are found by their names.

/// A server of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub backend: String,
    pub name: String,
    /// `UP`, `DOWN`, `DRAIN`, `MAINT`, `no check`, `UP 1/3` ...
    pub status: String,
    pub sessions: u64,
    /// Weight that counts at the moment.
    pub weight: u64,
}

impl Server {
    pub fn is_up(&self) -> bool {
        self.status.starts_with("UP") || self.status == "no check"
    }

    /// It is dead, by the balancer's own checks: it serves nobody.
    pub fn is_down(&self) -> bool {
        self.status.starts_with("DOWN")
    }

    /// Somebody took it out of service.
    pub fn is_out(&self) -> bool {
        self.status.starts_with("DRAIN") || self.status.starts_with("MAINT")
    }
}

/// Servers of all backends.
///
/// # Errors
/// It is no such table.
pub fn servers(text: &str) -> Result<Vec<Server>, String> {
    let mut lines = text.lines();
    let head = lines.next().and_then(|line| line.strip_prefix("# ")).ok_or("`show stat` gave no table")?;
    let columns: Vec<&str> = head.split(',').collect();
    let column =
        |name: &str| columns.iter().position(|c| *c == name).ok_or(format!("`show stat` has no column {name}"));
    let [backend, name, status, sessions, weight] =
        [column("pxname")?, column("svname")?, column("status")?, column("scur")?, column("weight")?];
    let mut servers = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        let field = |n: usize| fields.get(n).copied().unwrap_or_default();
        if matches!(field(name), "FRONTEND" | "BACKEND") {
            continue;
        }
        servers.push(Server {
            backend: field(backend).to_owned(),
            name: field(name).to_owned(),
            status: field(status).to_owned(),
            sessions: field(sessions).parse().unwrap_or(0),
            weight: field(weight).parse().unwrap_or(0),
        });
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_column_names() {
        let text = "# pxname,svname,scur,status,weight,\nfe,FRONTEND,3,OPEN,,\nbk,w1,2,UP,10,\nbk,w2,0,DRAIN,10,\n\
                    bk,w3,0,DOWN 1/2,10,\nbk,BACKEND,2,UP,20,\n\n";
        let all = servers(text).unwrap();
        let told: Vec<_> =
            all.iter().map(|s| (s.name.as_str(), s.is_up(), s.is_out(), s.is_down(), s.sessions)).collect();
        let (w1, w2) = (("w1", true, false, false, 2), ("w2", false, true, false, 0));
        assert_eq!(told, [w1, w2, ("w3", false, false, true, 0)]);
        assert_eq!(servers("no table").unwrap_err(), "`show stat` gave no table");
        assert_eq!(servers("# pxname,svname\n").unwrap_err(), "`show stat` has no column status");
    }
}
