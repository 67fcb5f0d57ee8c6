//! The real Ansible behind `oracle.py`: one process for many questions.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Where a program lies on PATH.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The command with nobody's own configuration of Ansible.
pub fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANSIBLE_"));
    ours.for_each(|(name, _)| _ = command.env_remove(name));
    command.env("HOME", "/nonexistent").env("ANSIBLE_LOCAL_TEMP", std::env::temp_dir().join("opsdeck-oracle"));
    command
}

impl Oracle {
    /// Starts the Python of the `ansible` on PATH.
    pub fn start() -> Self {
        let ansible = which("ansible").expect("`ansible` on PATH: run the tests with tests/run");
        let text = fs::read_to_string(&ansible).unwrap();
        let python = text.lines().next().and_then(|line| line.strip_prefix("#!")).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/inventories/oracle.py");
        let mut command = clean(Path::new(python));
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn ask(&mut self, question: Value) -> Result<Value, String> {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{question}").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("the oracle said {line:?}: {e}"));
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// The text of `ansible-inventory --list`.
    pub fn list(&mut self, cwd: &Path, sources: &[String]) -> Result<String, String> {
        let answer = self.ask(json!({"op": "list", "cwd": cwd, "sources": sources}))?;
        Ok(answer.as_str().unwrap().to_owned())
    }

    /// What `ansible PATTERN --limit LIMIT --list-hosts` selects, for each query.
    pub fn hosts(
        &mut self,
        cwd: &Path,
        sources: &[String],
        queries: &[(String, Option<String>)],
    ) -> Result<Vec<Result<Vec<String>, String>>, String> {
        let answer = self.ask(json!({"op": "hosts", "cwd": cwd, "sources": sources, "queries": queries}))?;
        let one = |answer: &Value| match answer.get("hosts") {
            Some(hosts) => Ok(serde_json::from_value(hosts.clone()).unwrap()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        };
        Ok(answer.as_array().unwrap().iter().map(one).collect())
    }

    /// Values as Ansible would print them in JSON; `None` where it fails. `op` is `literal` or `yaml`.
    pub fn values(&mut self, op: &str, texts: &[String]) -> Vec<Option<String>> {
        let answer = self.ask(json!({"op": op, "texts": texts})).unwrap();
        serde_json::from_value(answer).unwrap()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take()); // the end of its input ends it
        _ = self.child.wait();
    }
}
