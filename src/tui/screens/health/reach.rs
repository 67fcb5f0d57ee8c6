//! From what is wrong to what helps: the hosts of a line, taken along to the recovery commands and the shell.

use super::Face;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::screens::launch;

/// The hosts of the line under the cursor, as a pattern: of its row, or all of a common cause; on the wall that of the cell.
fn hosts(model: &Model) -> Option<String> {
    let cause = model.health.cause().filter(|_| matches!(model.health.face, Face::Table));
    let Some(at) = cause else { return host(model) };
    let cause = model.health.of(model.env)?.board.causes.get(at)?;
    Some(cause.hosts.join(","))
}

fn no_host(model: &Model) -> Option<String> {
    hosts(model).is_none().then(|| "this line is of no host".into())
}

/// Why no recovery command can be run there.
pub fn no_runbook(model: &Model) -> Option<String> {
    launch::no_runbook(model).or_else(|| no_host(model))
}

/// Why no command can be run there.
pub fn no_shell(model: &Model) -> Option<String> {
    launch::no_environment(model).or_else(|| no_host(model))
}

/// Opens the menu of runbooks for them.
pub fn runbooks(model: &mut Model) -> Vec<Effect> {
    hosts(model).map(|of| launch::open_for(model, None, of)).unwrap_or_default()
}

/// Opens the form of a shell command for them.
pub fn shell(model: &mut Model) -> Vec<Effect> {
    hosts(model).map(|of| launch::shell_for(model, of)).unwrap_or_default()
}

/// The host under the cursor.
pub fn host(model: &Model) -> Option<String> {
    match &model.health.face {
        Face::Table => model.health.current()?.host.clone(),
        Face::Answers(answers) => answers.host.clone(),
        Face::Wall(wall) => Some(model.health.of(model.env)?.board.cells.get(wall.cursor)?.host.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{driver, refused};
    use crate::project::Runbook;
    use std::sync::Arc;

    #[test]
    fn what_has_one_cause_takes_all_its_hosts_along_and_a_row_its_own() {
        let mut d = driver("dark", (120, 30), Some(refused()));
        d.keys("!");
        assert!(d.screen().contains("web01,web02,web03,web04,web05,web06,web07"), "{}", d.screen());
        // Back is where the person came from, and nothing of it stays for the fleet.
        d.keys("esc");
        assert!(d.screen().contains("› health") && d.model.launch.of.is_none(), "{}", d.screen());
        d.keys("enter down down !");
        assert!(d.screen().contains("web02") && !d.screen().contains("web01,web02"), "{}", d.screen());
    }

    #[test]
    fn recovery_commands_open_for_the_hosts_of_the_line() {
        let mut d = driver("dark", (120, 30), Some(refused()));
        let restart = Runbook { name: "Restart nginx".into(), module: Some("service".into()), ..Runbook::default() };
        Arc::make_mut(&mut d.model.project).runbooks = vec![restart];
        d.model.read_only = true;
        d.keys("R");
        assert!(d.screen().contains("read-only") && d.screen().contains("› health"), "{}", d.screen());
        d.model.read_only = false;
        d.keys("R");
        assert!(d.screen().contains("web01,web02"), "{}", d.screen());
        d.keys("enter");
        assert!(d.screen().contains("web01,web02") && d.model.launch.form.is_some(), "{}", d.screen());
    }
}
