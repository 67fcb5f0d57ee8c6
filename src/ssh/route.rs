//! How one host is reached: by ourselves over SSH, with the arguments that Ansible's ssh plugin would build, or through
//! Ansible, with the reason. The user's own ssh configuration is ssh's business: nothing of it is read or changed here.
//!
//! Facts (ansible-core 2.19, `plugins/connection/ssh.py`, `_build_command`): the order of the arguments, and what each is
//! made of. `ANSIBLE_SSH_TIMEOUT` and its key in `[ssh_connection]` never count: the play's own timeout stands before.

use super::escalate::{self, Become};
use super::options::{Options, Says, Setting, Why};
use super::share::{self, Socket};
use crate::inventory::{self, HostId, Inventory};
use crate::project::cfg::AnsibleCfg;
use std::path::PathBuf;

/// How one host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Ssh(Box<Target>),
    Ansible {
        /// Why: a clause such as "its connection is local".
        why: String,
    },
}

/// A host that is reached over SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in the inventory.
    pub name: String,
    /// Its address, as given to `ssh`.
    pub address: String,
    pub r#become: Option<Become>,
    /// Seconds that a connection may take (`ConnectTimeout`).
    pub patience: u32,
    /// `ssh` and its arguments, without the address: exactly Ansible's.
    pub(super) argv: Vec<String>,
    /// What a master of ours needs beside them.
    pub(super) ours: Vec<String>,
    pub(super) socket: Socket,
    /// Folder of the control sockets.
    pub(super) folder: PathBuf,
}

impl Target {
    /// `ssh` and its arguments without the address, as Ansible's own runs give them.
    pub fn argv(&self) -> &[String] {
        &self.argv
    }

    /// The command that runs a script there, as the user that is become; without one: `/bin/sh`, for its input.
    pub fn pasted(&self, script: Option<&str>) -> Vec<String> {
        let line = escalate::pasted(script, self.r#become.as_ref());
        self.argv.iter().chain([&self.address, &line]).cloned().collect()
    }
}

const fn ssh(
    vars: &'static [&'static str],
    env: &'static [&'static str],
    key: &'static [(&'static str, &'static str)],
) -> Setting {
    Setting { vars, env, ini: key }
}

const CONNECTION: Setting = ssh(&["ansible_connection"], &["ANSIBLE_TRANSPORT"], &[("defaults", "transport")]);
const HOST: Setting = ssh(&["ansible_host", "ansible_ssh_host"], &[], &[]);
const PORT: Setting =
    ssh(&["ansible_port", "ansible_ssh_port"], &["ANSIBLE_REMOTE_PORT"], &[("defaults", "remote_port")]);
const USER: Setting =
    ssh(&["ansible_user", "ansible_ssh_user"], &["ANSIBLE_REMOTE_USER"], &[("defaults", "remote_user")]);
const KEY_FILE: Setting = ssh(&["ansible_private_key_file", "ansible_ssh_private_key_file"], &[], &[]);
const CHECKING: Setting = ssh(
    &["ansible_host_key_checking", "ansible_ssh_host_key_checking"],
    &["ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING"],
    &[("defaults", "host_key_checking"), ("ssh_connection", "host_key_checking")],
);
const TIMEOUT: Setting =
    ssh(&["ansible_timeout", "ansible_ssh_timeout"], &["ANSIBLE_TIMEOUT"], &[("defaults", "timeout")]);
const EXECUTABLE: Setting =
    ssh(&["ansible_ssh_executable"], &["ANSIBLE_SSH_EXECUTABLE"], &[("ssh_connection", "ssh_executable")]);
const ARGS: Setting = ssh(&["ansible_ssh_args"], &["ANSIBLE_SSH_ARGS"], &[("ssh_connection", "ssh_args")]);
const COMMON_ARGS: Setting =
    ssh(&["ansible_ssh_common_args"], &["ANSIBLE_SSH_COMMON_ARGS"], &[("ssh_connection", "ssh_common_args")]);
const EXTRA_ARGS: Setting =
    ssh(&["ansible_ssh_extra_args"], &["ANSIBLE_SSH_EXTRA_ARGS"], &[("ssh_connection", "ssh_extra_args")]);
const CONTROL_PATH: Setting =
    ssh(&["ansible_control_path"], &["ANSIBLE_SSH_CONTROL_PATH"], &[("ssh_connection", "control_path")]);
const CONTROL_DIR: Setting =
    ssh(&["ansible_control_path_dir"], &["ANSIBLE_SSH_CONTROL_PATH_DIR"], &[("ssh_connection", "control_path_dir")]);
const SHELL: Setting = ssh(&["ansible_shell_type"], &[], &[]);
const PASSWORDS: [&str; 5] =
    ["ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_private_key", "ansible_ssh_private_key"];

/// The variables that say how hosts are reached: those whose values count, and those of which only counts that they are set.
pub fn variables() -> (Vec<String>, Vec<String>) {
    let own = [
        &CONNECTION,
        &HOST,
        &PORT,
        &USER,
        &KEY_FILE,
        &CHECKING,
        &TIMEOUT,
        &EXECUTABLE,
        &ARGS,
        &COMMON_ARGS,
        &EXTRA_ARGS,
        &CONTROL_PATH,
        &CONTROL_DIR,
        &SHELL,
    ];
    let (more, secret) = escalate::variables();
    let names = own.iter().flat_map(|setting| setting.vars).chain(&more).map(|name| (*name).to_owned());
    let hidden = PASSWORDS.iter().chain(secret).map(|name| (*name).to_owned());
    (names.collect(), hidden.collect())
}

/// The way to a host, by the inventory's variables, the configuration and what was asked.
pub fn route(inventory: &Inventory, host: HostId, cfg: &AnsibleCfg, options: &Options) -> Route {
    match target(inventory, host, cfg, options) {
        Ok(target) => Route::Ssh(Box::new(target)),
        Err(why) => Route::Ansible { why },
    }
}

fn target(inventory: &Inventory, host: HostId, cfg: &AnsibleCfg, options: &Options) -> Result<Target, Why> {
    let name = inventory.host_name(host);
    if inventory.host(name) != Some(host) {
        return Err("it is this machine itself".to_owned());
    }
    let vars = inventory.host_vars(host).map_err(|declined| declined.to_string())?;
    if let Some(file) = vars.sealed.first() {
        return Err(format!("{} is encrypted, and may say how it is reached", file.display()));
    }
    let says = Says { vars: &vars, cfg };
    let connection = says.text(&CONNECTION, None)?.unwrap_or_else(|| "ssh".to_owned());
    if !matches!(connection.as_str(), "ssh" | "smart" | "ansible.builtin.ssh" | "ansible.legacy.ssh") {
        return Err(format!("its connection is {connection}"));
    }
    if let Some(shell) = says.text(&SHELL, None)?.filter(|s| s != "sh") {
        return Err(format!("its shell is {shell}"));
    }
    passwords(&says, options)?;
    let user = says.text(&USER, options.user.as_deref())?.filter(|u| !u.is_empty());
    let port = says.number(&PORT)?;
    let patience = says.number(&TIMEOUT)?.unwrap_or(10);
    let address = says.text(&HOST, None)?.unwrap_or_else(|| name.to_owned());
    if address.is_empty() || address.starts_with('-') {
        return Err(format!("its address is {address:?}"));
    }
    let r#become = escalate::of(&says, options, user.as_deref())?;
    let executable = says.text(&EXECUTABLE, None)?.unwrap_or_else(|| "ssh".to_owned());
    let mut argv = vec![executable];
    let usual = "-C -o ControlMaster=auto -o ControlPersist=60s".to_owned();
    argv.extend(words(&says.text(&ARGS, None)?.unwrap_or(usual))?);
    argv.extend(connect(&says, (port, user.as_deref(), patience))?);
    for setting in [&COMMON_ARGS, &EXTRA_ARGS] {
        argv.extend(words(&says.text(setting, None)?.unwrap_or_default())?);
    }
    let folder = says.text(&CONTROL_DIR, None)?.unwrap_or_else(|| "~/.ansible/cp".to_owned());
    let folder = cfg.path(&folder);
    let named = says.text(&CONTROL_PATH, None)?.filter(|p| !p.is_empty());
    let named = named.map(|text| filled(&text, &folder.to_string_lossy())).transpose()?;
    let digest = share::digest(&address, port, user.as_deref());
    let share = share::share(&argv[1..], named.as_deref(), &folder, &digest)?;
    argv.extend(share.ansible);
    // What the plugin adds last; without a password nothing is asked anyway.
    argv.extend(["-o".to_owned(), "NumberOfPasswordPrompts=1".to_owned()]);
    Ok(Target {
        name: name.to_owned(),
        address,
        r#become,
        patience,
        argv,
        ours: share.ours,
        socket: share.socket,
        folder,
    })
}

/// Only Ansible hands over passwords and keys that are kept as values.
fn passwords(says: &Says<'_>, options: &Options) -> Result<(), Why> {
    if let Some(name) = says.any(&PASSWORDS) {
        return Err(format!("{name} is set, and only Ansible hands it over"));
    }
    let file = says.cfg.setting("ANSIBLE_CONNECTION_PASSWORD_FILE", "defaults", "connection_password_file");
    if options.connection_password || file.is_some() || says.cfg.asks_connection_password() {
        return Err("a connection password is given, and only Ansible hands it over".to_owned());
    }
    if says.cfg.variable("ANSIBLE_PRIVATE_KEY").is_some() {
        return Err("ANSIBLE_PRIVATE_KEY is set, and only Ansible hands it over".to_owned());
    }
    Ok(())
}

/// The arguments between `ssh_args` and `ssh_common_args`.
fn connect(says: &Says<'_>, (port, user, patience): (Option<u32>, Option<&str>, u32)) -> Result<Vec<String>, Why> {
    let mut options = Vec::new();
    if !says.flag(&CHECKING, true)? {
        options.push("StrictHostKeyChecking=no".to_owned());
    }
    options.extend(port.map(|port| format!("Port={port}")));
    let key = match says.text(&KEY_FILE, None)? {
        Some(file) if file.starts_with("~/") => Some(says.cfg.path(&file).display().to_string()),
        Some(file) => Some(file),
        None => says.cfg.private_key_file().map(|path| path.display().to_string()),
    };
    options.extend(key.filter(|k| !k.is_empty()).map(|key| format!("IdentityFile=\"{key}\"")));
    options.extend(
        [
            "KbdInteractiveAuthentication=no",
            "PreferredAuthentications=gssapi-with-mic,gssapi-keyex,hostbased,publickey",
            "PasswordAuthentication=no",
        ]
        .map(str::to_owned),
    );
    options.extend(user.map(|user| format!("User=\"{user}\"")));
    options.push(format!("ConnectTimeout={patience}"));
    Ok(options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect())
}

fn words(text: &str) -> Result<Vec<String>, Why> {
    let words = inventory::words(text).map_err(|e| format!("its ssh arguments cannot be read: {e}"))?;
    Ok(words.into_iter().map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect())
}

/// Python's `%` on a control path: `%(directory)s` and `%%`.
fn filled(text: &str, folder: &str) -> Result<String, Why> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        (out, rest) = if let Some(after) = rest.strip_prefix("%(directory)s") {
            (out + folder, after)
        } else if let Some(after) = rest.strip_prefix("%%") {
            (out + "%", after)
        } else {
            return Err(format!("Ansible refuses the control path {text:?}: write %% for a percent sign"));
        };
    }
    Ok(out + rest)
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
