//! Launch, by keys and by snapshot.

mod secrets;

use super::data::{Data, Effect};
use crate::ansible::doc::{Module, ModuleDoc, ModuleOption};
use crate::ansible::prompts::{Question, QuestionKind, Scan};
use crate::ansible::secrets::SecretName;
use crate::project::{Playbook, Runbook};
use crate::run::Launched;
use crate::run::targets::{Part, Targets};
use crate::tui::effect;
use crate::tui::msg;
use crate::tui::screens::fleet::data::{Data as FleetData, Verdict};
use crate::tui::screens::fleet::topology::Topology;
use crate::tui::testing::{Driver, model, project, theme};

fn driver(size: (u16, u16), theme_name: &str) -> Driver {
    let mut project = project();
    project.playbooks = vec![
        Playbook {
            path: "deploy.yml".into(),
            plays: vec![("Deploy the shop".into(), "web".into())],
            ..Playbook::default()
        },
        Playbook {
            path: "recovery/restart.yml".into(),
            plays: vec![(String::new(), "all".into())],
            ..Playbook::default()
        },
    ];
    project.runbooks = vec![Runbook {
        name: "Restart nginx".into(),
        key: Some('n'),
        help: Some("on the marked hosts".into()),
        module: Some("service".into()),
        args: Some("name=nginx state=restarted".into()),
        r#become: true,
        ..Runbook::default()
    }];
    let mut d = Driver::new(model(project, theme(theme_name)), size);
    let hosts: Vec<String> = ["web01", "web02", "数据库"].iter().map(|h| (*h).to_owned()).collect();
    let topology = Topology::build(hosts.clone(), vec![("web".into(), vec![], hosts)]);
    d.send(msg::Msg::Data(msg::Data::Fleet(FleetData::Topology {
        env: 0,
        result: Ok(topology),
        verdict: Verdict::Native,
    })));
    d
}

fn send(d: &mut Driver, data: Data) {
    d.send(msg::Msg::Data(msg::Data::Launch(data)));
}

fn modules(d: &mut Driver) {
    let module = |name: &str, short: &str| Module { name: format!("ansible.builtin.{name}"), short: short.into() };
    let modules =
        vec![module("command", "Execute commands"), module("service", "Manage services"), module("user", "Users")];
    send(d, Data::Modules(Ok(modules)));
}

fn service() -> ModuleDoc {
    let option = |name: &str, required, choices: &[&str]| ModuleOption {
        name: name.into(),
        required,
        choices: choices.iter().map(|c| (*c).to_owned()).collect(),
        ..ModuleOption::default()
    };
    ModuleDoc {
        name: "ansible.builtin.service".into(),
        short: "Manage services".into(),
        options: vec![option("name", true, &[]), option("state", false, &["started", "stopped", "restarted"])],
        ..ModuleDoc::default()
    }
}

/// Fills the form of `service name=nginx state=restarted` on two marked hosts, with become.
fn filled(d: &mut Driver) {
    d.keys("space space a");
    modules(d);
    d.text("serv");
    d.keys("tab");
    send(d, Data::Doc { module: "service".into(), result: Ok(service()) });
    d.text("name=nginx state=restarted");
    d.keys("tab space");
}

/// The edge knows the targets of the form: two hosts, and who holds one of them.
fn held(d: &mut Driver) {
    aimed(d, Some("bob's deploy.yml holds web01 since 13:58"));
}

/// The edge knows the targets of the form: two hosts.
fn aimed(d: &mut Driver, holder: Option<&str>) {
    let aim = d.model.launch.form.as_ref().unwrap().aim();
    let hosts = Part { names: vec!["web01".into(), "web02".into()], open: None };
    let targets = Targets { hosts, beside: Part::default(), ..Targets::default() };
    send(d, Data::Aim { aim, targets, holder: holder.map(str::to_owned) });
}

#[test]
fn every_theme_and_size_shows_the_exact_command() {
    for name in ["dark", "light", "monochrome"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = driver(size, name);
            filled(&mut d);
            held(&mut d);
            insta::assert_snapshot!(format!("launch-{name}-{}x{}", size.0, size.1), d.styled());
        }
    }
    let mut d = driver((40, 10), "dark");
    filled(&mut d);
    aimed(&mut d, None);
    insta::assert_snapshot!("launch-40x10", d.screen());
}

#[test]
fn a_shell_command_says_which_engine_runs_it_where() {
    for name in ["dark", "light", "monochrome"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = driver(size, name);
            d.keys("space space !");
            d.text("df -h / | tail -1");
            d.keys("tab space");
            let asks = |e: &effect::Effect| matches!(e, effect::Effect::Launch(Effect::Aim { ask, .. }) if matches!(**ask, crate::ansible::Ask::Shell(_)));
            assert!(d.effects().iter().any(asks));
            aimed(&mut d, None);
            send(&mut d, Data::Engines("1 host over SSH, 1 through Ansible (its connection is docker)".into()));
            insta::assert_snapshot!(format!("launch-shell-{name}-{}x{}", size.0, size.1), d.styled());
        }
    }
}

#[test]
fn completion_and_documentation_come_from_ansible_doc() {
    let mut d = driver((100, 30), "dark");
    d.effects();
    d.keys("a");
    assert!(d.effects().contains(&effect::Effect::Launch(Effect::Modules)));
    assert!(d.screen().contains("asking ansible-doc for the modules"), "{}", d.screen());
    modules(&mut d);
    d.text("serv");
    d.keys("tab");
    assert!(d.effects().contains(&effect::Effect::Launch(Effect::Doc("service".into()))));
    assert!(d.screen().contains("asking ansible-doc ..."), "{}", d.screen());
    send(&mut d, Data::Doc { module: "service".into(), result: Ok(service()) });
    assert!(d.screen().contains("name* · state started|stopped|restarted"), "{}", d.screen());
}

/// What stands in a line of the form.
fn stands(d: &Driver, id: &super::form::Id) -> String {
    d.model.launch.form.as_ref().unwrap().text(id).to_owned()
}

#[test]
fn enter_takes_the_completion_under_the_cursor_typed_or_not() {
    use super::form::Id;
    let mut d = driver((100, 30), "dark");
    d.keys("p enter");
    assert_eq!(stands(&d, &Id::Playbook), "deploy.yml", "nothing typed: the first that is shown");
    d.keys("esc p");
    d.text("rest");
    d.keys("enter");
    assert_eq!(stands(&d, &Id::Playbook), "recovery/restart.yml");
    d.keys("esc p down enter");
    assert_eq!(stands(&d, &Id::Playbook), "recovery/restart.yml");
    d.keys("esc a");
    modules(&mut d);
    d.keys("enter");
    assert_eq!(stands(&d, &Id::Module), "command");
    d.keys("esc a");
    d.text("us");
    d.keys("enter");
    assert_eq!(stands(&d, &Id::Module), "user");
    d.keys("esc p tab");
    assert_eq!(stands(&d, &Id::Playbook), "", "Tab only walks on");
}

#[test]
fn a_whole_name_is_never_replaced_by_a_longer_one() {
    use super::form::Id;
    let mut d = driver((100, 30), "dark");
    d.keys("a");
    let module = |name: &str| Module { name: format!("ansible.builtin.{name}"), short: String::new() };
    send(&mut d, Data::Modules(Ok(vec![module("apt_key"), module("apt_repository"), module("apt")])));
    d.text("apt");
    d.keys("enter");
    assert_eq!(stands(&d, &Id::Module), "apt");
}

#[test]
fn a_protected_environment_wants_its_name_and_nothing_less() {
    let mut d = driver((100, 30), "dark");
    filled(&mut d);
    held(&mut d);
    d.effects();
    d.keys("ctrl-r");
    assert!(d.screen().contains("on production: 2 hosts"), "{}", d.screen());
    assert!(d.screen().contains("production is protected. Type its name"), "{}", d.screen());
    insta::assert_snapshot!("launch-guard-100x30", d.screen());
    d.text("produ");
    d.keys("enter");
    assert!(d.effects().is_empty() && d.model.overlay.is_some());
    assert!(d.screen().contains("That is not its name: type production"), "{}", d.screen());
    d.send(msg::Msg::Paste("ction".into()));
    d.keys("enter");
    assert!(d.effects().is_empty(), "a pasted name does not count");
    d.text("ction");
    d.keys("enter");
    let effects = d.effects();
    let [effect::Effect::Launch(Effect::Launch { request })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(request.0.ask.title(), "service name=nginx state=restarted");
    assert_eq!(request.0.environment.as_deref(), Some("production"));
    assert!(request.0.ask.common().r#become);
    d.keys("ctrl-r");
    assert!(d.effects().is_empty(), "it is launched once");
}

#[test]
fn elsewhere_cancel_is_the_default() {
    let mut d = driver((100, 30), "dark");
    d.keys("] a");
    d.send(msg::Msg::Key("backtab".parse::<crate::tui::keymap::Chord>().unwrap().event()));
    d.text("all");
    d.keys("tab");
    d.text("ping");
    d.keys("ctrl-r");
    assert!(d.screen().contains("its hosts are still being counted"), "{}", d.screen());
    aimed(&mut d, None);
    d.effects();
    d.keys("ctrl-r enter");
    assert!(d.effects().is_empty() && d.model.overlay.is_none(), "Enter cancels");
    d.keys("ctrl-r y");
    assert_eq!(d.effects().len(), 1);
}

#[test]
fn a_form_that_is_left_takes_its_secrets_with_it_and_the_fleet_looks_again() {
    let mut d = driver((100, 30), "dark");
    d.keys("p");
    d.effects();
    d.keys("esc");
    assert!(d.model.launch.form.is_none());
    let again = crate::tui::screens::fleet::Effect::LastRuns { env: 0 };
    assert_eq!(d.effects(), [effect::Effect::Fleet(again)]);
}

#[test]
fn read_only_launches_nothing() {
    let mut d = driver((100, 30), "dark");
    d.model.read_only = true;
    d.keys("a");
    assert!(d.model.launch.form.is_none());
    assert!(d.screen().contains("read-only"), "{}", d.screen());
}

#[test]
fn what_the_playbook_asks_is_asked_here_and_secrets_are_masked() {
    let mut d = driver((100, 40), "dark");
    d.keys("p");
    d.text("depl");
    d.keys("tab");
    let asked = Effect::Scan { playbook: "deploy.yml".into(), extra_vars: vec![] };
    assert!(d.effects().contains(&effect::Effect::Launch(asked)));
    let question = |name: &str, prompt: &str, private, default: Option<&str>| Question {
        kind: QuestionKind::Variable {
            name: name.into(),
            prompt: prompt.into(),
            private,
            default: default.map(str::to_owned),
            confirm: false,
        },
        file: "deploy.yml".into(),
        line: 3,
        maybe: false,
    };
    let pause =
        Question { kind: QuestionKind::Pause { prompt: None }, file: "deploy.yml".into(), line: 9, maybe: false };
    let questions = vec![
        question("version", "Which version?", false, Some("4.12")),
        question("token", "Token:", true, None),
        pause,
    ];
    let scan = Scan { questions, ..Scan::default() };
    send(&mut d, Data::Scan { playbook: "deploy.yml".into(), extra_vars: vec![], scan });
    d.keys("ctrl-r");
    assert!(d.screen().contains("the playbook asks for `token`: answer it here"), "{}", d.screen());
    d.keys(&"tab ".repeat(17));
    d.text("s3cret");
    assert!(d.screen().contains("••••••") && !d.screen().contains("s3cret"), "{}", d.screen());
    assert!(d.screen().contains("a pause stops for a person"), "{}", d.screen());
    insta::assert_snapshot!("launch-playbook-100x40", d.screen());
    assert!(!format!("{:?}", d.model).contains("s3cret"));
    d.effects();
    aimed(&mut d, None);
    d.keys("ctrl-r");
    assert!(d.screen().contains("deploy.yml:9 waits for a person"), "{}", d.screen());
    d.model.launch.form.as_mut().unwrap().set_flag(&super::form::Id::SkipPauses, true);
    d.keys("ctrl-r");
    d.text("production");
    d.keys("enter");
    let effects = d.effects();
    let [effect::Effect::Launch(Effect::Launch { request })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(request.0.secrets.get(&SecretName::Prompt("token".into())), Some("s3cret"));
    assert_eq!(request.0.ask.common().extra_vars, [r#"{"version":"4.12"}"#.into()]);
    assert!(!format!("{effects:?}").contains("s3cret"));
}

#[test]
fn a_runbook_opens_by_its_own_key_filled_in() {
    let mut d = driver((100, 30), "dark");
    d.keys("space R");
    insta::assert_snapshot!("launch-runbooks-100x30", d.screen());
    d.keys("n");
    let command = "$ ansible web01 -i inventories/production -m service -a 'name=nginx state=restarted' --become";
    assert!(d.screen().contains(command), "{}", d.screen());
}

#[test]
fn a_launch_goes_to_its_run_and_a_refusal_says_why() {
    let mut d = driver((100, 30), "dark");
    filled(&mut d);
    send(&mut d, Data::Launched(Err("another run holds web01".into())));
    assert!(d.screen().contains("nothing was started: another run holds web01"), "{}", d.screen());
    let id = uuid::Uuid::from_u128(7);
    send(&mut d, Data::Launched(Ok(Launched { id, warnings: vec!["bob works there".into()] })));
    assert_eq!(d.model.screen().name, "run");
    assert!(d.model.launch.form.is_none(), "the form is gone, its secrets wiped");
    assert_eq!(d.model.toasts.last().unwrap().text, "bob works there");
}

#[test]
fn a_run_that_is_repeated_is_filled_in_and_its_passwords_are_typed_anew() {
    use crate::ansible::ask::{Ask, Common, Play};
    use crate::run::Request;
    use crate::run::spec::OnConflict;
    use crate::tui::screens::run::{self, tests::open_run};
    let mut d = driver((100, 40), "dark");
    let spec = crate::tui::widgets::fixtures::spec();
    open_run(&mut d, spec.clone(), crate::tui::widgets::fixtures::failed());
    d.effects();
    d.keys("r");
    let asked = run::Effect::Again { id: spec.id, failed_hosts: true };
    assert_eq!(d.effects(), [effect::Effect::Run(asked)]);
    let common = Common {
        inventory: vec!["inventories/production/hosts.ini".into()],
        limit: Some("web05.eu,web07.eu".into()),
        extra_vars: vec!["version=4.12.1".into(), "@more.yml".into()],
        ..Common::default()
    };
    let request = Request {
        ask: Ask::Playbook(Play { playbook: "deploy.yml".into(), common, ..Play::default() }),
        environment: Some("production".into()),
        cwd: "/srv/shop".into(),
        only: Some(vec!["web05.eu".into(), "web07.eu".into()]),
        shown: None,
        secrets: Default::default(),
        on_conflict: OnConflict::Refuse,
        timeout: Some(600),
        rerun_of: Some(spec.id),
        vars: Default::default(),
        pauses_are_known: false,
        break_glass: None,
    };
    let again = |d: &mut Driver| {
        let request = crate::tui::model::secrets::Sealed(Box::new(request.clone()));
        let secrets = vec![SecretName::Become, SecretName::Vault("ops".into())];
        d.send(msg::Msg::Data(msg::Data::Run(run::Data::Again { id: spec.id, request, secrets })));
    };
    again(&mut d);
    let command = "--extra-vars version=4.12.1 --extra-vars @more.yml";
    assert!(d.screen().contains("--limit web05.eu,web07.eu") && d.screen().contains(command), "{}", d.screen());
    assert!(d.screen().lines().next().unwrap().contains("PRODUCTION"), "{}", d.screen());
    let pause =
        Question { kind: QuestionKind::Pause { prompt: None }, file: "deploy.yml".into(), line: 9, maybe: false };
    let extra_vars = vec!["version=4.12.1".into(), "@more.yml".into()];
    let scan = Scan { questions: vec![pause], ..Scan::default() };
    send(&mut d, Data::Scan { playbook: "deploy.yml".into(), extra_vars, scan });
    assert!(d.model.launch.form.as_ref().unwrap().skips_pauses(), "as before");
    d.effects();
    aimed(&mut d, None);
    d.keys("ctrl-r");
    assert!(d.screen().contains("the run before had the become password"), "{}", d.screen());
    let form = d.model.launch.form.as_mut().unwrap();
    for item in &mut form.items {
        if let (
            super::form::Id::Secret(SecretName::Become | SecretName::Vault(_)),
            super::form::Value::Secret(secret),
        ) = (&item.id, &mut item.value)
        {
            secret.paste("s3cret");
        }
    }
    d.keys("ctrl-r");
    d.text("production");
    d.keys("enter");
    let effects = d.effects();
    let [effect::Effect::Launch(Effect::Launch { request: launched })] = &effects[..] else {
        panic!("{effects:?}\n{}", d.screen())
    };
    let launched = &*launched.0;
    assert_eq!((&launched.ask, launched.timeout, launched.rerun_of), (&request.ask, Some(600), Some(spec.id)));
    assert!(launched.pauses_are_known);
    assert_eq!(launched.only, request.only, "the hosts that did not end well are known to be hosts");
    assert_eq!(launched.shown.as_ref().unwrap().hosts.names, ["web01", "web02"], "what the person was shown");
    assert_eq!(launched.secrets.names().count(), 3, "become, vault, and that of the id `ops`");
    assert!(!format!("{effects:?}").contains("s3cret"));
}

#[test]
fn what_is_not_known_before_it_runs_is_said_with_its_place_and_what_was_shown_stays() {
    let mut d = driver((100, 30), "dark");
    filled(&mut d);
    let aim = d.model.launch.form.as_ref().unwrap().aim();
    let open = Some("site.yml:12: the hosts of the play are a template: {{ where }}".to_owned());
    let targets =
        Targets { hosts: Part { names: vec!["web01".into()], open }, beside: Part::default(), ..Targets::default() };
    send(&mut d, Data::Aim { aim, targets: targets.clone(), holder: None });
    d.keys("ctrl-r");
    assert!(d.screen().contains("hosts not known before it runs, at least 1: site.yml:12"), "{}", d.screen());
    aimed(&mut d, None);
    d.text("production");
    d.effects();
    d.keys("enter");
    let effects = d.effects();
    let [effect::Effect::Launch(Effect::Launch { request })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(request.0.shown, Some(targets), "what came while the question stood is not what was agreed to");
    send(&mut d, Data::Launched(Err("the hosts changed after you looked: web02 came".into())));
    let again = |e: &effect::Effect| matches!(e, effect::Effect::Launch(Effect::Aim { .. }));
    assert!(d.effects().iter().any(again), "the person can look again");
}

#[test]
fn words_to_the_person_never_lie_over_the_command() {
    let mut d = driver((80, 24), "dark");
    filled(&mut d);
    for n in 0..3 {
        d.send(msg::Msg::Toast(msg::Level::Error, format!("word {n} {}", "x".repeat(60))));
    }
    assert!(d.screen().contains("word 2"), "{}", d.screen());
    let command = "$ ansible web01,web02 -i inventories/production -m service";
    assert!(d.screen().contains(command), "{}", d.screen());
}

#[test]
fn the_menu_of_runbooks_names_its_own_keys_alone() {
    let mut d = driver((80, 24), "dark");
    d.keys("R");
    let footer = |d: &Driver| d.screen().lines().last().unwrap().to_owned();
    assert!(footer(&d).contains("enter open") && !footer(&d).contains("ctrl-r"), "{}", footer(&d));
    d.keys("enter");
    assert!(d.model.launch.form.is_some());
    assert!(footer(&d).contains("ctrl-r run") && !footer(&d).contains("enter open"), "{}", footer(&d));
}

#[test]
fn what_is_needed_now_and_then_is_asked_too() {
    use super::form::{Id, Value};
    let mut d = driver((100, 50), "dark");
    filled(&mut d);
    let form = d.model.launch.form.as_mut().unwrap();
    for (id, text) in [(Id::User, "ops"), (Id::Timeout, "90"), (Id::VaultIds, "ops, db"), (Id::ExtraVars, "a=1")] {
        form.set(&id, text);
    }
    form.ask_vaults();
    let vaults = form.items.iter().filter(|i| matches!(&i.id, Id::Secret(SecretName::Vault(_))));
    assert_eq!(vaults.map(|i| i.label.as_str()).collect::<Vec<_>>(), ["Vault pw", "Vault ops", "Vault db"]);
    let common = form.ask(&d.model.project.environments[0]).common().clone();
    assert_eq!((common.user.as_deref(), common.extra_vars.as_slice()), (Some("ops"), &["a=1".into()][..]));
    let form = d.model.launch.form.as_mut().unwrap();
    assert_eq!(form.timeout(), Some(90));
    form.set(&Id::Timeout, "soon");
    assert_eq!(form.why_not(&d.model.project).unwrap(), "the timeout (seconds) must be a number above 0, not `soon`");
    form.set(&Id::Timeout, "");
    form.set(&Id::VaultIds, "ops@file");
    assert!(form.why_not(&d.model.project).unwrap().contains("vault ids are names alone"));
    form.set(&Id::VaultIds, "");
    form.ask_vaults();
    assert!(!form.items.iter().any(|i| matches!(&i.value, Value::Secret(_)) && i.label == "Vault ops"));
}
