//! The machine: the state directory, what happens at logout, where secrets pass, which `ansible.cfg` counts.

use super::item::Item;
use crate::project::{Error, Project, cfg::Env};
use crate::state::access::Owner;
use crate::state::operator::Operator;
use crate::state::{StateDir, identity};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// All that concerns it.
pub fn all(env: &Env, state: &StateDir, project: &Path) -> Vec<Item> {
    let logind = ["/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d", "/usr/lib/systemd/logind.conf.d"];
    let kills = logind.iter().any(|path| kills_user_processes(Path::new(path)));
    let user = Operator::of_uid(rustix::process::getuid().as_raw()).name;
    let lingers = Path::new("/var/lib/systemd/linger").join(&user).exists();
    vec![
        writable(state),
        filesystem(state.root()),
        logout(Path::new("/run/systemd/system").exists(), kills, lingers),
        runtime(env),
        descriptors(identity::has_descriptors()),
        ansible_cfg(project),
    ]
}

/// Without them processes are looked at twenty times a second, and meant by pid and start time.
fn descriptors(had: std::io::Result<()>) -> Item {
    match had {
        Ok(()) => Item::ok("pidfd", "processes are waited for by descriptor"),
        Err(e) => Item::warning(
            "pidfd",
            format!("no descriptors of processes ({e}): their ends are seen up to 50 ms late"),
            "allow pidfd_open(2) and pidfd_send_signal(2) in this sandbox, or use Linux 5.3 or later",
        ),
    }
}

/// The folder, or the nearest one above it that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"))
}

fn writable(state: &StateDir) -> Item {
    let root = state.root();
    if let (Owner::Me, Err(why)) = (state.owner(), state.access().may_write()) {
        return Item::missing("state", format!("{why}: nothing can be launched"), format!("df -h {}", root.display()));
    }
    let there = existing(root);
    let shown = root.display();
    let fix = format!("mkdir -p {shown} && chown $(id -un) {shown}   (or choose another: OPSDECK_STATE=DIR)");
    match rustix::fs::access(there, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Err(e) => {
            Item::missing("state", format!("{}: not writable ({e}): nothing can be launched", there.display()), fix)
        }
        Ok(()) if !there.is_dir() => Item::missing("state", format!("{} is no folder", there.display()), fix),
        Ok(()) if there != root => Item::ok("state", format!("{shown}: will be created")),
        Ok(()) => match fs::metadata(root).map(|meta| meta.permissions().mode() & 0o022).unwrap_or_default() {
            0 => Item::ok("state", format!("{shown}: writable")),
            _ => Item::warning("state", format!("{shown}: others may write into it"), format!("chmod go-w {shown}")),
        },
    }
}

/// Magic numbers of statfs(2) where SQLite's WAL or a reboot make trouble.
fn filesystem(root: &Path) -> Item {
    let there = existing(root);
    match rustix::fs::statfs(there) {
        #[allow(clippy::unnecessary_cast, reason = "the type of f_type differs between architectures")]
        Ok(stat) => judge_filesystem(there, stat.f_type as u64 & 0xffff_ffff),
        Err(e) => Item::warning("filesystem", format!("{}: {e}", there.display()), "OPSDECK_STATE=DIR on a local disk"),
    }
}

fn judge_filesystem(path: &Path, magic: u64) -> Item {
    let path = path.display();
    let network = match magic {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        0x00c3_6400 => Some("CephFS"),
        0x5346_414f | 0x6b41_4653 => Some("AFS"),
        _ => None,
    };
    match (network, magic) {
        (Some(name), _) => Item::warning(
            "filesystem",
            format!("{path} is on {name}: SQLite's write-ahead log and file locks are not safe there"),
            "OPSDECK_STATE=/var/lib/opsdeck (or any folder on a local disk)",
        ),
        (None, 0x0102_1994) => Item::warning(
            "filesystem",
            format!("{path} is in memory (tmpfs): runs and the audit ledger are gone after a reboot"),
            "OPSDECK_STATE=DIR on a disk",
        ),
        (None, 0x6573_5546) => Item::warning(
            "filesystem",
            format!("{path} is on FUSE: file locks may not hold"),
            "OPSDECK_STATE=DIR on a local disk",
        ),
        (None, _) => Item::ok("filesystem", format!("{path} is on a local filesystem (type {magic:#x})")),
    }
}

/// True if the configuration (a file, or a folder of them) makes logind kill what a user leaves behind.
fn kills_user_processes(path: &Path) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).into_iter().flatten().flatten().any(|entry| kills_user_processes(&entry.path()));
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let last = text.lines().rev().find_map(|line| line.trim().strip_prefix("KillUserProcesses="));
    last.is_some_and(|value| matches!(value.trim(), "yes" | "true" | "1" | "on"))
}

fn logout(systemd: bool, kills: bool, lingers: bool) -> Item {
    match (systemd, kills, lingers) {
        (true, true, false) => Item::warning(
            "logout",
            "systemd-logind kills what you leave behind (KillUserProcesses=yes): runs would end with your login",
            "loginctl enable-linger",
        ),
        (true, true, true) => Item::ok("logout", "lingering is on: runs survive your logout"),
        (true, false, _) => Item::ok("logout", "runs survive your logout (KillUserProcesses is off)"),
        (false, ..) => Item::ok("logout", "no systemd here: nothing ends runs at logout"),
    }
}

fn runtime(env: &Env) -> Item {
    let fix = "log in through PAM (ssh does), or: export XDG_RUNTIME_DIR=$(mktemp -d)";
    let Some(path) = env.get("XDG_RUNTIME_DIR").filter(|path| path.starts_with('/')) else {
        return Item::warning(
            "runtime",
            "XDG_RUNTIME_DIR is not set: short-lived files go to the temporary folder",
            fix,
        );
    };
    match fs::metadata(path) {
        Ok(meta) if meta.uid() != rustix::process::getuid().as_raw() => {
            Item::warning("runtime", format!("XDG_RUNTIME_DIR={path} belongs to somebody else (su or sudo?)"), fix)
        }
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            Item::warning("runtime", format!("XDG_RUNTIME_DIR={path} is open to others"), format!("chmod 700 {path}"))
        }
        Ok(_) => Item::ok("runtime", format!("XDG_RUNTIME_DIR={path}")),
        Err(e) => Item::warning("runtime", format!("XDG_RUNTIME_DIR={path}: {e}"), fix),
    }
}

fn ansible_cfg(start: &Path) -> Item {
    let project = match Project::discover(start) {
        Ok(project) => project,
        Err(Error::None { .. }) => return Item::ok("ansible.cfg", "no Ansible project here"),
        Err(error) => return Item::warning("ansible.cfg", error.to_string(), "opsdeck -C DIR doctor"),
    };
    if let Some(ignored) = &project.cfg.ignored {
        let folder = ignored.parent().unwrap_or(Path::new(".")).display();
        let said = format!("{} is ignored by Ansible: everybody may write into its folder", ignored.display());
        return Item::warning("ansible.cfg", said, format!("chmod o-w {folder}"));
    }
    if let Some(problem) = project.cfg.problems.first() {
        return Item::missing("ansible.cfg", problem.to_string(), "opsdeck check");
    }
    match &project.cfg.file {
        Some(file) => Item::ok("ansible.cfg", format!("{} is in use", file.display())),
        None => Item::ok("ansible.cfg", format!("none; Ansible's defaults hold in {}", project.root.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::State::{Missing, Ok, Warning};
    use super::*;

    #[test]
    fn only_a_logind_that_kills_and_does_not_linger_is_a_danger() {
        let cases = [(true, true, false), (true, true, true), (true, false, false), (false, true, false)];
        assert_eq!(cases.map(|(systemd, kills, lingers)| logout(systemd, kills, lingers).state), [Warning, Ok, Ok, Ok]);
        let dir = tempfile::tempdir().unwrap();
        let write = |text| fs::write(dir.path().join("a.conf"), text).unwrap();
        write("#KillUserProcesses=yes\n");
        assert!(!kills_user_processes(dir.path()));
        write("KillUserProcesses=no\n KillUserProcesses=yes\n");
        assert!(kills_user_processes(dir.path()));
    }

    #[test]
    fn filesystems_that_lose_or_garble_are_named() {
        let of = |magic| judge_filesystem(Path::new("/x"), magic);
        assert_eq!((of(0x6969).state, of(0x0102_1994).state, of(0xef53).state), (Warning, Warning, Ok));
        assert!(of(0x6969).detail.contains("NFS") && of(0x0102_1994).detail.contains("reboot"));
    }

    #[test]
    fn the_state_directory_must_be_a_folder_that_only_we_write() {
        let dir = tempfile::tempdir().unwrap();
        let writable = |path: &Path| writable(&StateDir::at(path));
        assert_eq!(writable(&dir.path().join("a/b")).state, Ok);
        fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(writable(&dir.path().join("file")).state, Missing);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(writable(dir.path()).state, Warning);
    }

    #[test]
    fn the_runtime_folder_must_be_ours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let of = |path: &str| runtime(&Env::from([("XDG_RUNTIME_DIR", path)])).state;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!((of(path), of("relative"), of("/nonexistent/x")), (Ok, Warning, Warning));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(of(path), Warning);
    }
}
