//! `opsdeck.yaml`: the schema agrees with the reader, and no text makes it panic.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn read_text(text: &str) -> (Option<Config>, Vec<String>) {
    let discovered = ["production".to_owned(), "staging".to_owned()];
    let context = Context { root: Path::new("/nonexistent"), discovered: &discovered };
    let (config, problems) = read(text, "opsdeck.yaml", &context);
    (config, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn what_is_right_is_taken() {
    let text = "version: 1\nforks: 20\nenvironments:\n  production: {colour: red, protect: no}\n  staging:\n  box:\n    inventory: box,\nrunbooks:\n\
                - {name: A, key: a, module: ping, become: yes, extra_vars: [x=1], environments: staging}\n";
    let (config, problems) = read_text(text);
    assert_eq!(problems, Vec::<String>::new());
    let config = config.unwrap();
    assert_eq!(config.forks, Some(20));
    let names: Vec<_> = config.environments.iter().map(|(name, env)| (name.as_str(), env.protect)).collect();
    assert_eq!(names, [("production", Some(false)), ("staging", None), ("box", None)]);
    assert_eq!(config.runbooks[0].environments, ["staging"]);
    assert!(config.runbooks[0].r#become);
}

#[test]
fn an_empty_file_is_no_mistake_and_broken_yaml_is_nothing() {
    assert_eq!(read_text("# nothing\n"), (Some(Config::default()), vec![]));
    assert_eq!(read_text("environments:\nrunbooks:\n").1, Vec::<String>::new());
    let (config, problems) = read_text("a: [\n");
    assert!(config.is_none() && problems[0].starts_with("opsdeck.yaml:2:1: error: this is not YAML"), "{problems:?}");
}

#[test]
fn a_mistaken_protection_protects() {
    let (config, problems) = read_text("environments:\n  staging:\n    protect: maybe\n");
    assert_eq!(config.unwrap().environments[0].1.protect, Some(true));
    assert_eq!(problems.len(), 1);
}

#[test]
fn the_schema_is_draft_2020_12_and_knows_the_keys_of_the_reader() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let keys = |of: &serde_json::Value| {
        let mut keys: Vec<_> = of["properties"].as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(", ")
    };
    // the reader's own words, out of its messages
    let expected = |text: &str| {
        let problem = read_text(text).1.remove(0);
        let mut keys: Vec<_> = problem.rsplit("one of ").next().unwrap().split(", ").map(str::to_owned).collect();
        keys.sort();
        keys.join(", ")
    };
    assert_eq!(keys(&schema), expected("zzzzzzzzz: 1\n"));
    assert_eq!(keys(&schema["$defs"]["EnvironmentConfig"]), expected("environments: {staging: {zzzzzzzzz: 1}}\n"));
    assert_eq!(keys(&schema["$defs"]["RunbookConfig"]), expected("runbooks: [{zzzzzzzzz: 1, name: a, module: b}]\n"));
    for object in [&schema, &schema["$defs"]["EnvironmentConfig"], &schema["$defs"]["RunbookConfig"]] {
        assert_eq!(object["additionalProperties"], false);
    }
    assert_eq!(schema["$defs"]["RunbookConfig"]["required"], serde_json::json!(["name"]));
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn any_text_is_read_without_panic(text in "[ -~\n\u{e4}\u{1f600}]{0,200}") {
        read_text(&text);
    }

    #[test]
    fn any_values_in_any_place_are_read_without_panic(
        pieces in prop::collection::vec((0..4_usize, "(version|forks|environments|runbooks|name|key|protect|colour|module|playbook|extra_vars|inventory|production|- |- name|\\[\\]|\\{\\}|&a|\\*a|!!x|~|'|\"|[a-z0-9:#]{0,6})", "(: |:\n|\n| |)"), 0..30)
    ) {
        let text: String = pieces.iter().map(|(indent, word, end)| format!("{}{word}{end}", "  ".repeat(*indent))).collect();
        let (config, problems) = read_text(&text);
        prop_assert!(config.is_some() || problems.len() == 1);
    }
}
