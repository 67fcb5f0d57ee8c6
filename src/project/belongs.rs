//! To which environment inventory sources belong, however they are spelled: what a run is guarded by, named after, and
//! kept apart from other runs by.

use super::{Env, Environment, Project};
use std::path::{Path, PathBuf};

/// What Ansible reads where neither `-i` nor `ansible.cfg` names an inventory.
const ANSIBLES_OWN: &str = "/etc/ansible/hosts";

/// What a lease, or health, is on: every path whose hosts these sources (as given to `-i` in `cwd`, a project's root) may
/// name, one a line. However an environment is spelled, it is one scope.
pub fn scope(sources: &[String], cwd: &Path) -> String {
    let paths = Project::places(cwd, &Env::current()).reach(sources);
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n")
}

impl Project {
    /// The environment that these sources (as given to `-i`; none: what `ansible.cfg` names) are of: each of them is a
    /// source of it, or lies below one. Where they span several: a protected one of these, since whoever acts on them acts
    /// on it too.
    pub fn environment_of(&self, sources: &[String]) -> Option<&Environment> {
        let paths = self.paths(sources);
        // In a source of it; or a folder that holds all of its sources, the protected one first.
        let inside = self.environments.iter().filter_map(|env| {
            let depths: Option<Vec<usize>> = paths.iter().map(|path| self.depth(env, path)).collect();
            Some((depths?.into_iter().max()?, 2, env))
        });
        let around = self.environments.iter().filter(|env| self.is_within(env, &paths)).filter_map(|env| {
            let deepest = paths.iter().map(|path| path.components().count()).max()?;
            Some((deepest, u8::from(env.protect), env))
        });
        let nearest = inside.chain(around).max_by_key(|(depth, rank, _)| (*depth, *rank)).map(|(.., env)| env);
        nearest.or_else(|| self.environments.iter().find(|env| env.protect && self.touches(env, &paths)))
    }

    /// Every path whose hosts these sources may name: those of the whole environment where they are a part of one. A list
    /// of hosts (`a,b`) may name hosts of any environment, so it reaches all of the project.
    pub fn reach(&self, sources: &[String]) -> Vec<PathBuf> {
        let mut out = Vec::new();
        for path in self.paths(sources) {
            // The nearest: what ansible.cfg names may hold others.
            let holding = self.environments.iter().filter_map(|env| Some((self.depth(env, &path)?, env)));
            if let Some((_, env)) = holding.max_by_key(|(depth, _)| *depth) {
                out.extend(self.paths(&env.inventory));
                continue;
            }
            // A folder with files of environments in it reaches all of these.
            let within = self.environments.iter().filter(|env| self.touches(env, std::slice::from_ref(&path)));
            out.extend(within.flat_map(|env| self.paths(&env.inventory)));
            out.push(path);
        }
        for path in &mut out {
            if is_list(&path.to_string_lossy()) {
                path.clone_from(&self.root);
            }
        }
        out.sort();
        out.dedup();
        out
    }

    fn paths(&self, sources: &[String]) -> Vec<PathBuf> {
        if sources.is_empty() {
            let named = self.cfg.inventory().unwrap_or_else(|| vec![ANSIBLES_OWN.into()]);
            return named.iter().map(|path| full(path)).collect();
        }
        sources.iter().map(|source| full(&self.root.join(source))).collect()
    }

    /// How deep the source of `env` lies which holds `path`, in folders; `None`: none does.
    fn depth(&self, env: &Environment, path: &Path) -> Option<usize> {
        let own = self.paths(&env.inventory);
        own.iter().filter(|source| path.starts_with(source)).map(|source| source.components().count()).max()
    }

    /// Each source of `env` lies below one of the paths.
    fn is_within(&self, env: &Environment, paths: &[PathBuf]) -> bool {
        self.paths(&env.inventory).iter().all(|source| paths.iter().any(|path| source.starts_with(path)))
    }

    fn touches(&self, env: &Environment, paths: &[PathBuf]) -> bool {
        let own = self.paths(&env.inventory);
        paths.iter().any(|path| own.iter().any(|source| source.starts_with(path) || path.starts_with(source)))
    }
}

/// With links followed, so that two names of one file are one.
fn full(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn is_list(source: &str) -> bool {
    source.contains(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(cfg: &str) -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("inventories/production/hosts.ini", "p1\n"),
            ("inventories/staging/hosts.ini", "s1\n"),
            ("inventories/staging/more.ini", "s2\n"),
            ("ansible.cfg", cfg),
        ] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("inventories/staging", dir.path().join("current")).unwrap();
        let project = Project::places(dir.path(), &Env::default());
        (dir, project)
    }

    fn strings(sources: &[&str]) -> Vec<String> {
        sources.iter().map(|&s| s.to_owned()).collect()
    }

    #[test]
    fn an_environment_is_known_by_every_spelling_of_its_inventory() {
        let (dir, project) = project("[defaults]\ninventory = inventories/staging\n");
        let absolute = dir.path().join("inventories/staging").display().to_string();
        let spellings: [&[&str]; 7] = [
            &[],
            &["inventories/staging"],
            &["./inventories/staging/"],
            &["inventories/staging/hosts.ini"],
            &["inventories/staging/hosts.ini", "inventories/staging/more.ini"],
            &["current/more.ini"],
            &[&absolute],
        ];
        for sources in spellings {
            let sources = strings(sources);
            assert_eq!(project.environment_of(&sources).map(|e| e.name.as_str()), Some("staging"), "{sources:?}");
            assert_eq!(project.reach(&sources), project.reach(&strings(&["inventories/staging"])), "{sources:?}");
        }
        assert_ne!(project.reach(&[]), project.reach(&strings(&["inventories/production/hosts.ini"])));
    }

    #[test]
    fn what_spans_several_environments_is_as_protected_as_any_of_them() {
        let (_dir, project) = project("[defaults]\ninventory = inventories\n");
        let both = strings(&["inventories/staging", "inventories/production"]);
        for sources in [vec![], strings(&["inventories"]), both] {
            assert!(project.environment_of(&sources).is_some_and(|e| e.protect), "{sources:?}");
        }
        let staging = project.environment_of(&strings(&["inventories/staging"])).unwrap();
        assert_eq!((staging.name.as_str(), staging.protect), ("staging", false));
        assert_eq!(project.environment_of(&strings(&["p1,"])), None);
        assert_eq!(project.environment_of(&strings(&["/elsewhere/hosts"])), None);
    }

    #[test]
    fn a_list_of_hosts_reaches_the_whole_project() {
        let (_dir, project) = project("");
        assert_eq!(project.reach(&strings(&["p1,"])), std::slice::from_ref(&project.root));
        assert_eq!(project.reach(&[]), [PathBuf::from(ANSIBLES_OWN)]);
    }
}
