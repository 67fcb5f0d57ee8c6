//! What must fit together in a release: gates that are named exist, a way back where the strategy needs one, traffic
//! where it is moved, no circle.

use super::{Driver, ReleaseConfig, Step, StepKind, Strategy};
use crate::project::config::reader::{Entry, Reader};
use crate::yaml::{Mark, Node};

/// Releases that wait for one another in a circle.
pub fn circle(releases: &[(ReleaseConfig, &Node)], reader: &mut Reader) {
    let after = |name: &str| {
        let release = releases.iter().find(|(release, _)| release.name == name);
        release.map(|(release, _)| release.after.as_slice()).unwrap_or_default()
    };
    for (release, node) in releases {
        let mut path = vec![release.name.as_str()];
        let mut todo: Vec<(usize, &str)> = release.after.iter().map(|name| (1, name.as_str())).collect();
        while let Some((depth, name)) = todo.pop() {
            path.truncate(depth);
            if name == release.name {
                let first = path.iter().min() == Some(&release.name.as_str());
                path.push(name);
                let mark = node.get("after").map_or(release.mark, |node| node.mark);
                if first {
                    let expected = "releases of which one comes after none of the others";
                    reader.mistake(mark, "releases come after one another in a circle", path.join(" after "), expected);
                }
                break;
            }
            if !path.contains(&name) {
                path.push(name);
                todo.extend(after(name).iter().map(|name| (depth + 1, name.as_str())));
            }
        }
    }
}

/// Everything that one field alone cannot tell.
pub fn together(release: &ReleaseConfig, fields: &[Entry<'_>], entry: &Entry<'_>, reader: &mut Reader) {
    let at = |key: &str| fields.iter().find(|field| field.key == key).map(|field| field.mark);
    match (at("stages"), at("playbook")) {
        (None, None) => {
            let expected = "stages: with a stage deploy, or in short playbook: FILE";
            reader.mistake(entry.mark, "this release deploys nothing", "neither".into(), expected);
        }
        (Some(_), Some(mark)) => {
            let expected = "the playbook as a step of the stage deploy";
            reader.mistake(mark, "playbook: is the short form of stages:", "both".into(), expected);
        }
        _ => {}
    }
    named_gates(release, reader);
    deploy_steps(release, reader);
    traffic(release, at("strategy").unwrap_or(entry.mark), reader);
    way_back(release, at, entry.mark, reader);
    let blue_green = matches!(release.how.strategy, Strategy::BlueGreen { .. });
    match (blue_green, &release.hosts) {
        (true, Some(hosts)) => {
            let expected = "the pools of strategy: blue_green alone";
            reader.mistake(
                hosts.mark,
                "blue_green takes its hosts from its pools",
                format!("{:?}", hosts.text),
                expected,
            );
        }
        (false, None) => {
            let expected = "hosts: PATTERN, such as web or web:&eu";
            reader.mistake(entry.mark, "this release has no hosts", "no \"hosts\"".into(), expected);
        }
        _ => {}
    }
}

fn steps(release: &ReleaseConfig) -> impl Iterator<Item = (&str, &Step)> {
    let staged =
        release.stages.iter().flat_map(|stage| stage.groups.iter().flatten().map(|s| (stage.name.as_str(), s)));
    staged.chain(release.rollback.iter().map(|step| ("rollback", step)))
}

fn named_gates(release: &ReleaseConfig, reader: &mut Reader) {
    let known: Vec<&str> = release.gates.iter().map(|gate| gate.name.as_str()).collect();
    for (_, step) in steps(release) {
        if let StepKind::Gate(name) = &step.kind
            && !known.contains(&name.text.as_str())
        {
            reader.no_such("gate", &name.text, name.mark, &known);
        }
    }
}

/// In the deploy stage and in a rollback opsdeck says which hosts.
fn deploy_steps(release: &ReleaseConfig, reader: &mut Reader) {
    for (stage, step) in steps(release).filter(|(stage, _)| ["deploy", "rollback"].contains(stage)) {
        if let StepKind::Playbook { options, .. } | StepKind::Adhoc { options, .. } = &step.kind
            && let Some(hosts) = &options.hosts
        {
            let found = format!("{:?}", hosts.text);
            let message = format!("in {stage} the hosts are those of the batch");
            reader.mistake(hosts.mark, message, found, "hosts: beside strategy:, for the release as a whole");
        }
        let waits = matches!(step.kind, StepKind::Approval(_) | StepKind::Pause { .. } | StepKind::Switch);
        if waits && stage == "rollback" {
            let expected = "commands, playbooks, ad-hoc commands and requests: a rollback waits for nobody";
            reader.mistake(step.mark, "no such step in a rollback", "a step that waits".into(), expected);
        }
    }
}

fn traffic(release: &ReleaseConfig, at: Mark, reader: &mut Reader) {
    let switch = steps(release).find(|(_, step)| step.kind == StepKind::Switch);
    let blue_green = matches!(release.how.strategy, Strategy::BlueGreen { .. });
    let weights = matches!(&release.how.strategy, Strategy::Canary { weights, .. } if !weights.is_empty());
    if let (Some((_, step)), false) = (switch, blue_green) {
        let expected = "strategy: blue_green";
        reader.mistake(step.mark, "only blue_green has pools to switch between", "switch".into(), expected);
    }
    // Traffic is switched when the last batch is good: the step says so, and stands where it happens.
    let deploy = release.stages.iter().position(|stage| stage.name == "deploy").unwrap_or_default();
    let after = release.stages.iter().skip(deploy + 1).find_map(|stage| stage.groups.first());
    let first = after.filter(|group| group.len() == 1).and_then(|group| group.first());
    let misplaced =
        |step: &&Step| step.kind == StepKind::Switch && first.is_none_or(|first| !std::ptr::eq(first, *step));
    for step in steps(release).map(|(_, step)| step).filter(misplaced).filter(|_| blue_green) {
        let expected = "switch as the first step after the stage deploy, or no such step: it is switched there anyway";
        reader.mistake(step.mark, "traffic is switched when deploy is done", "switch elsewhere".into(), expected);
    }
    let Some(traffic) = &release.traffic else {
        if blue_green || weights {
            let expected = "traffic: the load balancers, such as haproxy: {backends: {blue: bk_blue, green: bk_green}}";
            reader.mistake(at, "this strategy moves traffic", "no \"traffic\"".into(), expected);
        }
        return;
    };
    let pools: Vec<&str> = match &release.how.strategy {
        Strategy::BlueGreen { pools } => pools.iter().map(|(name, _)| name.as_str()).collect(),
        _ => Vec::new(),
    };
    for (name, driver) in &traffic.balancers {
        // Hosts in place are taken out of service one batch at a time, with shares of traffic too.
        if !blue_green && !matches!(driver, Driver::Haproxy { .. }) {
            let found = name.clone().unwrap_or_else(|| "the balancer".into());
            let expected = "haproxy, or strategy: blue_green, or no traffic: at all";
            reader.mistake(traffic.mark, "this balancer takes no single hosts out of service", found, expected);
        }
        let named = match driver {
            Driver::Haproxy { backends, .. } if !pools.is_empty() => backends,
            Driver::Kubernetes { deployments, .. } => deployments,
            _ => continue,
        };
        for pool in pools.iter().filter(|pool| !named.iter().any(|(name, _)| name == *pool)) {
            let found = named.iter().map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let message = format!("this balancer does not know the pool \"{pool}\"");
            reader.mistake(traffic.mark, message, found, format!("a name for each of {}", pools.join(", ")));
        }
    }
}

fn way_back(release: &ReleaseConfig, at: impl Fn(&str) -> Option<Mark>, entry: Mark, reader: &mut Reader) {
    let automatic = release.pause_on_failure == Some(false);
    let by_switch = matches!(release.how.strategy, Strategy::BlueGreen { .. });
    if !by_switch && at("rollback").is_none() {
        let expected = "rollback: [steps], or rollback: none with on_failure: pause";
        let message = "this strategy cannot be undone without steps";
        reader.mistake(entry, message, "no \"rollback\"".into(), expected);
    }
    if let Some(mark) = at("rollback").filter(|_| !by_switch && release.rollback.is_empty())
        && release.pause_on_failure != Some(true)
    {
        let expected = "steps, or on_failure: pause: then a failure waits for a person";
        reader.mistake(mark, "a failure would have no way back", "no step".into(), expected);
    }
    if let Some((_, step)) = steps(release).find(|(_, step)| step.irreversible).filter(|_| automatic) {
        let expected = "on_failure: pause, or no irreversible step";
        let message = "an irreversible step and on_failure: rollback contradict each other";
        reader.mistake(step.mark, message, "irreversible: yes".into(), expected);
    }
}
