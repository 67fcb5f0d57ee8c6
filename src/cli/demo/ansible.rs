//! The Ansible that the demo uses: the one on PATH, or else ansible-core in a private virtual environment in the cache.

use super::progress::Progress;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAMS: [&str; 3] = ["ansible", "ansible-playbook", "ansible-inventory"];

/// True if there is an Ansible on PATH that starts: one whose Python is gone is as good as none.
pub fn on_path() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = PROGRAMS.iter().map(|p| std::env::split_paths(&path).find(|d| d.join(p).is_file()));
    let first = folders.next().flatten();
    folders.all(|folder| folder.is_some()) && first.is_some_and(|folder| works(&folder))
}

/// Where a private Ansible lies, or would lie: `$XDG_CACHE_HOME/opsdeck/ansible`.
pub fn private() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|h| h.join(".cache")));
    Ok(cache
        .context("neither XDG_CACHE_HOME nor HOME is set: there is no place for a private Ansible")?
        .join("opsdeck/ansible"))
}

/// Installs ansible-core (the newest that this Python takes) below `venv` unless it works there already, and gives the
/// folder to put first on PATH.
pub fn install(venv: &Path) -> Result<PathBuf> {
    let bin = venv.join("bin");
    if works(&bin) {
        return Ok(bin);
    }
    eprintln!("No Ansible on PATH. Installing ansible-core from PyPI into {} (once).", venv.display());
    let mut bar = Progress::new(12);
    let done = fill(venv, &mut bar);
    match done {
        Ok(()) => bar.finish("ansible-core is ready"),
        Err(e) => {
            bar.abandon();
            let _ = std::fs::remove_dir_all(venv);
            return Err(e);
        }
    }
    if !works(&bin) {
        bail!("ansible-core was installed into {} but `ansible --version` fails there", venv.display());
    }
    Ok(bin)
}

fn works(bin: &Path) -> bool {
    let version = Command::new(bin.join("ansible")).arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|out| out.status.success())
}

fn fill(venv: &Path, bar: &mut Progress) -> Result<()> {
    bar.step("making a virtual environment");
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv).stdin(Stdio::null()).output();
    let made =
        made.context("python3 did not start: Ansible needs Python (Debian: apt-get install python3 python3-venv)")?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stdout).into_owned() + &String::from_utf8_lossy(&made.stderr);
        bail!("python3 -m venv failed (Debian: apt-get install python3-venv):\n{}", said.trim());
    }
    let mut pip = Command::new(venv.join("bin/pip"))
        .args(["install", "--disable-pip-version-check", "--progress-bar", "off", "ansible-core"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("pip did not start")?;
    let errors = pip.stderr.take().map(|mut e| {
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = e.read_to_string(&mut text);
            text
        })
    });
    for line in pip.stdout.take().into_iter().flat_map(|o| BufReader::new(o).lines()) {
        let line = line?;
        if let Some(name) = line.strip_prefix("Collecting ") {
            bar.step(&format!("fetching {}", name.split(['>', '<', '=', '!', ' ', '[']).next().unwrap_or(name)));
        } else if line.starts_with("Installing collected") {
            bar.step("unpacking");
        }
    }
    let status = pip.wait()?;
    let said = errors.and_then(|t| t.join().ok()).unwrap_or_default();
    if !status.success() {
        bail!("pip could not install ansible-core ({status}):\n{}", said.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_ansible_that_does_not_start_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let put = |first: &str| {
            let path = dir.path().join("ansible");
            std::fs::write(&path, format!("{first}\nexit 0\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        assert!(!works(dir.path()), "there is none");
        put("#!/nonexistent/python3");
        assert!(!works(dir.path()));
        put("#!/bin/sh");
        assert!(works(dir.path()));
    }
}
