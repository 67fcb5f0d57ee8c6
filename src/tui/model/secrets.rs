//! What carries secrets to the edge: compared by names, printed without values.

use crate::ansible::secrets::Secrets;
use crate::run::Request;

/// Passwords on their way: compared by their names.
#[derive(Debug, Default)]
pub struct Kept(pub Secrets);

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.0.names().eq(other.0.names())
    }
}

/// A request with secrets in it: compared by what is asked, printed without them.
#[derive(Debug)]
pub struct Sealed(pub Box<Request>);

impl PartialEq for Sealed {
    fn eq(&self, other: &Self) -> bool {
        let names = |s: &Self| s.0.secrets.names().cloned().collect::<Vec<_>>();
        (&self.0.ask, &self.0.environment, names(self)) == (&other.0.ask, &other.0.environment, names(other))
    }
}
