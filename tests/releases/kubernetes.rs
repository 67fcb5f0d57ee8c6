//! A Kubernetes Service switched by a release with the real kubectl, against a stand-in of the API that the test owns:
//! there is no cluster here. What kubectl itself does is real; what an API server does beyond these answers is not.

use crate::traffic::api;
use crate::world::{World, program, stage};
use opsdeck::release::plan::{Balancer, Driver, Plan, Strategy, Traffic, When};
use opsdeck::release::state::{At, Release};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

fn plan(plan: &mut Plan) {
    let found =
        Command::new("kubectl").args(["version", "--client"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(found.is_ok_and(|status| status.success()), "kubectl is missing: tests/run installs kubernetes-client");
    let pools = ["blue", "green"].map(|pool| (pool.to_owned(), vec![pool.to_owned()]));
    plan.strategy = Strategy::BlueGreen { active: "blue".into(), idle: "green".into(), pools: pools.into() };
    plan.stages = vec![stage("deploy", When::Deploy, program(&["true"]))];
    plan.gates.clear();
    plan.rollback.steps.clear();
    let deployments = ["blue", "green"].map(|pool| (pool.to_owned(), format!("web-{pool}")));
    let driver = Driver::Kubernetes {
        context: Some("stand-in".into()),
        namespace: "shop".into(),
        service: "web".into(),
        label: "color".into(),
        deployments: deployments.into(),
    };
    let balancers = vec![Balancer { name: "web".into(), driver }];
    plan.traffic = Some(Traffic { balancers, prove: None, drain: 1, keep_warm: 0 });
}

/// With the configuration of kubectl that an operator would have.
fn released(api: SocketAddr) -> Release {
    let mut world = World::new(&[&["green"]], plan);
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"http://{api}\"}}}}]\n\
         contexts: [{{name: stand-in, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    let folder = world.home().join(".kube");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), config).unwrap();
    world.supervise(true, None);
    world.ended()
}

#[test]
fn a_service_is_patched_between_two_looks_at_its_rollout() {
    let (api, cluster) = api::serve("blue", None);
    let release = released(api);
    assert_eq!(release.at, At::Succeeded, "{:?}", release.history);
    let cluster = cluster.lock().unwrap();
    assert_eq!(cluster.color, "green");
    let patch = cluster.asked.iter().position(|asked| asked == "PATCH services/web").unwrap();
    let rollouts = |asked: &[String]| asked.iter().filter(|asked| *asked == "GET list deployments").count();
    let (before, after) = cluster.asked.split_at(patch);
    assert!(rollouts(before) > 0 && rollouts(after) > 0, "{:?}", cluster.asked);
    assert_eq!(release.traffic[0].up["green"], (2, 2));
}

#[test]
fn what_somebody_else_has_changed_meanwhile_is_not_overwritten() {
    let (api, cluster) = api::serve("blue", Some("red"));
    let release = released(api);
    // What failed goes back: by then everybody can see where from, and it is a change like any other.
    let told = release.history.iter().any(|(.., why)| why.contains("invalid") || why.contains("rejected"));
    assert!(told, "{:?}", release.history);
    assert_eq!((release.at, cluster.lock().unwrap().color.as_str()), (At::RolledBack, "blue"));
}
