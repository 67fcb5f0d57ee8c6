//! From the text of one source to additions to the store. Knows no folders, no configuration and no variable files.

pub mod address;
pub mod ini;
pub mod lines;
pub mod literal;
pub mod range;
pub mod shlex;
pub mod yaml;

use super::store::Stop;
use crate::yaml::Mark;
use address::Address;
use range::Refusal;

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong(what) => Stop::Wrong(what),
            Refusal::Unsure(what) => Stop::Unsure(what.into()),
            Refusal::TooLarge(what) => Stop::TooLarge(what),
        }
    }
}

/// The place where reading stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub mark: Mark,
    /// Why, and whether Ansible refuses it too.
    pub stop: Stop,
}

/// The names that a host pattern of a source stands for, and their port; ranges may give `most` names.
///
/// # Errors
/// A range that is none, or of too many hosts; names that only Python can read.
pub fn host_pattern(pattern: &str, most: usize) -> Result<(Vec<String>, Option<u32>), Refusal> {
    // Also what is left to Ansible must not fill the memory there.
    let unsure = |why| match range::count(pattern, most) {
        Err(Refusal::TooLarge(why)) => Err(Refusal::TooLarge(why)),
        _ => Err(Refusal::Unsure(why)),
    };
    if pattern.contains(['\n', '\0']) {
        return unsure("a host's name with a line break");
    }
    // a name without these is itself, whatever else it is
    if !pattern.contains([':', '[']) {
        return Ok((vec![pattern.to_owned()], None));
    }
    let (name, port) = match address::parse(pattern) {
        Address::Host(name, port) => (name, port),
        Address::NotOne => (pattern.to_owned(), None),
        Address::Unsure => return unsure("a host's name with letters that Python sees in its own way"),
    };
    Ok((range::expand(&name, most)?, port))
}
