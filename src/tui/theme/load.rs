//! Finding themes: those in the binary, those of the user, what each extends. Reads files; draws nothing.

use super::Theme;
use super::file::{self, Mistake, ThemeFile};
use crate::yaml::Mark;
use std::path::Path;

/// The themes in the binary: file name and text.
const EMBEDDED: &[(&str, &str)] = &[
    ("themes/dark.yaml", include_str!("../../../themes/dark.yaml")),
    ("themes/light.yaml", include_str!("../../../themes/light.yaml")),
    ("themes/high-contrast.yaml", include_str!("../../../themes/high-contrast.yaml")),
    ("themes/16-colour.yaml", include_str!("../../../themes/16-colour.yaml")),
    ("themes/monochrome.yaml", include_str!("../../../themes/monochrome.yaml")),
    ("themes/solarized.yaml", include_str!("../../../themes/solarized.yaml")),
];

/// All themes that can be chosen.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    all: Vec<Theme>,
}

/// A theme may extend one that extends another, this often.
const DEPTH: usize = 8;

impl Themes {
    /// The embedded themes and those of a folder (`~/.config/opsdeck/themes`); a user's theme replaces an embedded
    /// one of the same name. What is wrong with the user's files is told, and the rest still works.
    pub fn load(folder: Option<&Path>) -> (Self, Vec<Mistake>) {
        let mut files: Vec<(String, ThemeFile)> = vec![];
        let mut mistakes = vec![];
        let mut take = |name: String, text: &str| match file::read(&name, text) {
            Ok(theme) => match files.iter_mut().find(|(_, t)| t.name == theme.name) {
                Some(old) => *old = (name, theme),
                None => files.push((name, theme)),
            },
            Err(wrong) => mistakes.extend(wrong),
        };
        for (name, text) in EMBEDDED {
            take((*name).to_owned(), text);
        }
        for path in yaml_files(folder) {
            match crate::open::text_given(&path, crate::open::WRITTEN) {
                Ok(text) => take(path.display().to_string(), &text),
                Err(e) => tracing::warn!("{}: {e}", path.display()),
            }
        }
        let mut all = vec![];
        for (name, theme) in &files {
            match build(name, theme, &files) {
                Ok(theme) => all.push(theme),
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        (Self { all }, mistakes)
    }

    /// Their names, in the order of the picker.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|t| t.name.as_str())
    }

    /// A theme by its name.
    pub fn get(&self, name: &str) -> Option<&Theme> {
        self.all.iter().find(|t| t.name == name)
    }
}

fn yaml_files(folder: Option<&Path>) -> Vec<std::path::PathBuf> {
    let Some(entries) = folder.and_then(|f| std::fs::read_dir(f).ok()) else { return vec![] };
    let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml" || e == "yml"));
    paths.sort();
    paths
}

/// A theme with all that it extends: palettes first, then roles, so that a child's colour reaches its parent's roles.
fn build(name: &str, theme: &ThemeFile, files: &[(String, ThemeFile)]) -> Result<Theme, Vec<Mistake>> {
    let mut chain = vec![(name, theme)];
    while let Some(parent) = chain.last().and_then(|(_, t)| t.extends.as_deref()) {
        let wrong = |message| vec![Mistake { file: name.to_owned(), mark: Mark { line: 1, column: 1 }, message }];
        match files.iter().find(|(_, t)| t.name == parent) {
            Some((file, _)) if chain.len() >= DEPTH => {
                return Err(wrong(format!("extends itself, or too many others: {file}")));
            }
            Some((file, t)) => chain.push((file, t)),
            None => return Err(wrong(format!("extends `{parent}`, and there is no such theme"))),
        }
    }
    let mut whole = ThemeFile { name: theme.name.clone(), ..ThemeFile::default() };
    for (_, part) in chain.iter().rev() {
        whole.ascii = part.ascii.or(whole.ascii);
        whole.palette.extend(part.palette.clone());
        whole.roles.retain(|(role, _)| !part.roles.iter().any(|(r, _)| r == role));
        whole.roles.extend(part.roles.iter().cloned());
    }
    Ok(Theme::new(whole.name.clone(), whole.ascii.unwrap_or(false), file::styles(name, &whole)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Role;
    use ratatui::style::Color;

    #[test]
    fn every_embedded_theme_is_whole() {
        let (themes, mistakes) = Themes::load(None);
        assert_eq!(mistakes, []);
        assert_eq!(themes.all.len(), EMBEDDED.len());
        for theme in &themes.all {
            for role in Role::ALL {
                assert!(theme.has(role), "{} lacks {role:?}", theme.name);
            }
            assert_ne!(theme.style(Role::EnvProtected), theme.style(Role::EnvPlain), "{}", theme.name);
        }
    }

    #[test]
    fn each_theme_has_its_table_of_styles() {
        for theme in &Themes::load(None).0.all {
            let row = |role: Role| format!("{role:?}: {:?}\n", theme.style(role));
            let table: String = Role::ALL.into_iter().map(row).collect();
            insta::assert_snapshot!(format!("styles_{}", theme.name), table);
        }
    }

    #[test]
    fn monochrome_has_no_colour() {
        let (themes, _) = Themes::load(None);
        for role in Role::ALL {
            let style = themes.get("monochrome").unwrap().style(role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{role:?}");
        }
    }

    #[test]
    fn a_users_theme_extends_and_its_palette_reaches_the_parents_roles() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("mine.yaml"),
            "name: mine\nextends: dark\npalette: { red: '#010203' }\nroles:\n  ok: { fg: 42, bold: true }\n",
        )
        .unwrap();
        let (themes, mistakes) = Themes::load(Some(dir.path()));
        assert_eq!(mistakes, []);
        let mine = themes.get("mine").unwrap();
        assert_eq!(mine.style(Role::Failed).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(mine.style(Role::Ok).fg, Some(Color::Indexed(42)));
    }

    #[test]
    fn mistakes_name_line_and_column_and_leave_the_rest_alone() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.yaml", "name: a\nroles:\n  okay: { fg: red }\n  ok: { fg: redish, blink: true }\n");
        write("b.yaml", "name: b\nextends: nowhere\n");
        write("c.yaml", "name: c\nextends: c\n");
        write("d.yaml", "name: [\n");
        write("e.yaml", "name: e\nroles: { ok: { fg: redish } }\n");
        let (themes, mistakes) = Themes::load(Some(dir.path()));
        let said: Vec<_> = mistakes.iter().map(|m| m.to_string().replace(dir.path().to_str().unwrap(), "")).collect();
        assert!(said[0].starts_with("/a.yaml:3:3: no role `okay`; expected one of text, dim"), "{said:#?}");
        assert!(said[1].starts_with("/a.yaml:4:21: no style `blink`"), "{said:#?}");
        assert!(said.iter().any(|s| s.contains("extends `nowhere`")), "{said:#?}");
        assert!(said.iter().any(|s| s.contains("extends itself")), "{said:#?}");
        assert!(said.iter().any(|s| s.starts_with("/d.yaml:")), "{said:#?}");
        assert!(said.iter().any(|s| s.starts_with("/e.yaml:2:20: `redish` is no colour")), "{said:#?}");
        assert_eq!(themes.names().count(), EMBEDDED.len());
    }
}
