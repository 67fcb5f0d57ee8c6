//! `events.jsonl` as the callback plugin writes it: numbered lines, one write each.

use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

#[derive(Debug)]
pub(super) struct Events {
    file: File,
    lines: u64,
    began: Instant,
    lost: u64,
}

impl Events {
    /// Opens it to append to.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: crate::state::file::append(path)?, lines: 0, began: Instant::now(), lost: 0 })
    }

    pub fn emit(&mut self, event: &str, fields: Value) {
        let (now, steady) = (jiff::Timestamp::now().as_millisecond(), self.began.elapsed().as_millis() as u64);
        let mut line = Map::new();
        line.insert("t".into(), json!(now));
        line.insert("m".into(), json!(steady));
        line.insert("e".into(), json!(event));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.write(line);
    }

    /// An event that another wrote, with its own times.
    pub fn write(&mut self, mut event: Map<String, Value>) {
        self.lines += 1;
        event.insert("n".into(), json!(self.lines));
        let mut line = Value::Object(event).to_string().into_bytes();
        line.push(b'\n');
        // One write a line: nobody reads half of one. A full disk costs the event, and says so afterwards.
        match self.file.write(&line) {
            Ok(n) if n == line.len() => {
                let lost = std::mem::take(&mut self.lost);
                if lost > 0 {
                    self.emit("dropped", json!({"count": lost, "why": "the event file could not be written"}));
                }
            }
            // The rest of a torn line spoils only itself.
            Ok(_) => {
                self.lost += 1;
                let _ = self.file.write(b"\n");
            }
            Err(_) => self.lost += 1,
        }
    }
}
