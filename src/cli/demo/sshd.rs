//! Private OpenSSH servers on loopback: one real `sshd` a host, each with a port, a host key and a folder of its own, run
//! as whoever runs opsdeck. The demo and the end-to-end tests stand on it. Knows nothing of Ansible.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Makes an ed25519 key without a passphrase at `path` (and `path.pub`).
pub fn keygen(path: &Path, comment: &str) -> Result<()> {
    let out = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .context("ssh-keygen did not start (it comes with openssh-client)")?;
    if !out.status.success() {
        bail!("ssh-keygen could not write {}: {}", path.display(), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}

/// Writes what `sshd` needs in `dir` (configuration and host key) and gives the `known_hosts` line of that host. `env` is
/// in the environment of every session.
pub fn prepare(dir: &Path, name: &str, port: u16, authorized_keys: &Path, env: &[(&str, &str)]) -> Result<String> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let key = dir.join("host_key");
    keygen(&key, name)?;
    // StrictModes off: the folder may lie under /tmp. SHLVL: keeps bash from reading ~/.bashrc for every command. PATH:
    // a host finds what this process finds, after the system's own.
    let env: String = env.iter().map(|(k, v)| format!(" \"{k}={v}\"")).collect();
    let path = format!("/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:{}", std::env::var("PATH").unwrap_or_default());
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey \"{key}\"\nPidFile none\nAuthorizedKeysFile \"{keys}\"\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PubkeyAuthentication yes\nPermitRootLogin prohibit-password\nAllowTcpForwarding no\nX11Forwarding no\n\
         PrintMotd no\nPrintLastLog no\nMaxStartups 100\nMaxSessions 64\nSubsystem sftp internal-sftp\n\
         SetEnv SHLVL=5 \"PATH={path}\"{env}\n",
        key = key.display(),
        keys = authorized_keys.display(),
    );
    fs::write(dir.join("sshd_config"), config).with_context(|| format!("cannot write into {}", dir.display()))?;
    let public = fs::read_to_string(dir.join("host_key.pub"))?;
    let public: Vec<&str> = public.split_whitespace().take(2).collect();
    Ok(format!("[127.0.0.1]:{port} {}\n", public.join(" ")))
}

/// A running `sshd`. Dropping it ends it and every session in it.
#[derive(Debug)]
pub struct Sshd {
    child: Child,
    dir: PathBuf,
    port: u16,
}

impl Sshd {
    /// Starts `program` (an absolute path: sshd re-executes itself) on a folder that [`prepare`] made.
    pub fn start(program: &Path, dir: &Path, port: u16) -> Result<Self> {
        if rustix::process::geteuid().is_root() {
            // sshd of root wants its empty folder, which no service has made in a container
            let _ = fs::create_dir_all("/run/sshd");
        }
        let log = fs::File::create(dir.join("sshd.log"))?;
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(dir.join("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} did not start", program.display()))?;
        Ok(Self { child, dir: dir.to_owned(), port })
    }

    /// Waits until it greets; at most `patience`.
    pub fn wait_ready(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !self.greets() {
            if let Some(status) = self.child.try_wait()? {
                bail!("sshd on port {} ended at once ({status}): {}", self.port, self.last_words());
            }
            if Instant::now() > deadline {
                bail!("sshd on port {} does not answer after {patience:?}: {}", self.port, self.last_words());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Where it listens, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn greets(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return false };
        let mut banner = [0; 4];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        stream.read_exact(&mut banner).is_ok() && &banner == b"SSH-"
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.dir.join("sshd.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(3).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("; ")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // sessions outlive the listener, so they are found first; what they run sits below them
        let sessions = super::tree::below(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        super::tree::kill(&sessions);
    }
}
