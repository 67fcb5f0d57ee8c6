//! How secrets cross a pipe, from launcher to supervisor to step runner: lengths and bytes, nothing that a parser
//! would copy about.

use super::{SecretName, Secrets};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Larger than this is refused (bytes): a pipe's other end is ours, but a length read wrong must not take all memory.
pub const MAX_WIRE: u32 = 1 << 20;
const MAGIC: &[u8; 4] = b"ods1";

/// Why secrets could not be read from a pipe. Never holds a value.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("secrets could not be read: {0}")]
    Io(#[from] io::Error),
    /// What came is not the wire form.
    #[error("secrets could not be read: {0}")]
    Form(&'static str),
}

impl Secrets {
    /// Writes the wire form.
    ///
    /// # Errors
    /// What the pipe said; `InvalidInput` for a value above [`MAX_WIRE`].
    pub fn write_to(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut all = Zeroizing::new(Vec::with_capacity(self.0.iter().map(|(_, v)| v.len() + 64).sum::<usize>() + 8));
        all.extend_from_slice(MAGIC);
        all.extend_from_slice(&length(self.0.len())?);
        for (name, value) in &self.0 {
            let name = name.to_string();
            for part in [name.as_bytes(), value.as_bytes()] {
                all.extend_from_slice(&length(part.len())?);
                all.extend_from_slice(part);
            }
        }
        to.write_all(&all)?;
        to.flush()
    }

    /// Reads the wire form; stops right behind it.
    pub fn read_from(from: &mut dyn Read) -> Result<Self, WireError> {
        let mut magic = [0; 4];
        from.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(WireError::Form("another version of opsdeck wrote them"));
        }
        let mut secrets = Self::default();
        for _ in 0..number(from)? {
            let name = text(from)?;
            let name = name.parse().map_err(|_| WireError::Form("a name that is not known"))?;
            secrets.set(name, text(from)?);
        }
        Ok(secrets)
    }

    /// Extra variables as one JSON object: those that are named, in this order.
    pub fn extra_json<'a>(&self, variables: impl Iterator<Item = &'a str>) -> Zeroizing<Vec<u8>> {
        let mut json = Zeroizing::new(Vec::with_capacity(64 + 8 * self.0.iter().map(|(_, v)| v.len()).sum::<usize>()));
        json.push(b'{');
        for variable in variables {
            let Some(value) = self.get(&SecretName::Extra(variable.to_owned())) else { continue };
            if json.len() > 1 {
                json.push(b',');
            }
            quote(&mut json, variable);
            json.push(b':');
            json.extend_from_slice(value.as_bytes());
        }
        json.push(b'}');
        json
    }

    /// The answers to private prompts as the JSON object that `-e @FILE` takes; `None` if there are none.
    pub(super) fn prompts_json(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut json = Zeroizing::new(Vec::with_capacity(64 + 8 * self.0.iter().map(|(_, v)| v.len()).sum::<usize>()));
        for (name, value) in &self.0 {
            if let SecretName::Prompt(variable) = name {
                let before = if json.is_empty() { b'{' } else { b',' };
                json.push(before);
                quote(&mut json, variable);
                json.push(b':');
                quote(&mut json, value);
            }
        }
        (!json.is_empty()).then(|| {
            json.push(b'}');
            json
        })
    }
}

/// JSON text straight into the buffer that is wiped (a serialiser's own buffers would not be).
fn quote(json: &mut Vec<u8>, text: &str) {
    json.push(b'"');
    for ch in text.chars() {
        match ch {
            '"' | '\\' => json.extend_from_slice(&[b'\\', ch as u8]),
            '\u{20}'..='\u{7e}' => json.push(ch as u8),
            _ => {
                let mut units = [0; 2];
                for unit in ch.encode_utf16(&mut units) {
                    json.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    json.push(b'"');
}

/// A text as JSON, in memory that is wiped: of its full size from the start, since growing would leave copies behind.
pub(super) fn json(text: &str) -> Zeroizing<String> {
    let mut json = Zeroizing::new(Vec::with_capacity(2 + 6 * text.len()));
    quote(&mut json, text);
    // Nothing but ASCII stands in it.
    let mut own = Zeroizing::new(String::with_capacity(json.len()));
    own.extend(json.iter().map(|byte| char::from(*byte)));
    own
}

fn length(of: usize) -> io::Result<[u8; 4]> {
    let short = u32::try_from(of).ok().filter(|n| *n <= MAX_WIRE);
    short.map(u32::to_le_bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a secret above 1 MiB"))
}

fn number(from: &mut dyn Read) -> Result<u32, WireError> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    let number = u32::from_le_bytes(bytes);
    if number > MAX_WIRE { Err(WireError::Form("a length that cannot be")) } else { Ok(number) }
}

fn text(from: &mut dyn Read) -> Result<Zeroizing<String>, WireError> {
    let mut bytes = Zeroizing::new(vec![0; number(from)? as usize]);
    from.read_exact(&mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| WireError::Form("text that is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
