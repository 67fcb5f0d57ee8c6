//! Versions and documentation from the real tools.

use super::scene::Scene;
use opsdeck::ansible::doc::{DocError, Docs};
use opsdeck::ansible::tools::{Tool, find, version};

#[test]
fn every_tool_says_the_same_version_as_the_plugin() {
    let scene = Scene::new(&[("site.yml", "- hosts: h1\n  gather_facts: false\n  tasks: []\n")]);
    let version = version(&find(Tool::Adhoc, &scene.env()).unwrap()).unwrap();
    let done = scene.play("site.yml");
    let hello = format!("\"core\":\"{version}\"");
    assert!(String::from_utf8_lossy(&done.events).contains(&hello), "{done:#?}");
}

#[test]
fn documentation_comes_from_ansible_doc_and_then_from_the_cache() {
    let scene = Scene::new(&[]);
    let (env, cache) = (scene.env(), scene.run_dir().join("cache"));
    let docs = Docs::new(find(Tool::Doc, &env).unwrap(), &scene.path("."), &cache, None, &env);
    let modules = docs.modules().unwrap();
    let service = modules.iter().find(|m| m.name == "ansible.builtin.service").expect("the service module");
    assert!(!service.short.is_empty() && modules.is_sorted_by_key(|m| &m.name));
    let copy = docs.module("copy").unwrap();
    assert_eq!((copy.name.as_str(), copy.options[0].name.as_str()), ("ansible.builtin.copy", "dest"));
    assert!(copy.options[0].required && copy.options.iter().any(|o| o.name == "mode"));
    assert!(matches!(docs.module("no_such_thing"), Err(DocError::Unknown(_) | DocError::Said(_))));
    let files = || std::fs::read_dir(&cache).unwrap().flatten().map(|e| e.path()).collect::<Vec<_>>();
    assert_eq!(files().len(), 2, "failures are not kept");
    assert_eq!(docs.module("copy").unwrap(), copy);
    for file in files() {
        std::fs::write(file, "damaged").unwrap();
    }
    assert_eq!(docs.module("copy").unwrap(), copy, "a damaged cache is asked again");
}
