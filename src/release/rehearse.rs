//! What a release would change on its hosts, before anybody agrees to it: its deploy steps in Ansible's check mode with
//! diffs, as ordinary runs. Pure; whoever asks launches them. They change nothing, so they take nothing from a release.

use super::plan::{Plan, StepKind, When};
use crate::ansible::Ask;
use crate::run::Request;
use crate::run::spec::OnConflict;

/// The runs that show it, in the order of the steps; none where no deploy step is Ansible's.
pub fn rehearse(plan: &Plan) -> Vec<Request> {
    let hosts: Vec<String> = plan.batches.iter().flat_map(|batch| batch.hosts.iter().cloned()).collect();
    let deploy = plan.stages.iter().filter(|stage| stage.when == When::Deploy);
    let steps = deploy.flat_map(|stage| stage.groups.iter().flatten());
    let asks = steps.filter_map(|step| match &step.kind {
        StepKind::Playbook { play } => Some(Ask::Playbook(play.clone())),
        StepKind::Adhoc { adhoc } => Some(Ask::Adhoc(adhoc.clone())),
        _ => None,
    });
    let request = |mut ask: Ask| {
        let common = ask.common_mut();
        (common.check, common.diff, common.limit) = (true, true, Some(hosts.join(",")));
        if common.inventory.is_empty() {
            common.inventory.clone_from(&plan.inventory);
        }
        Request {
            ask,
            environment: Some(plan.environment.clone()),
            cwd: plan.cwd.clone(),
            only: Some(hosts.clone()),
            shown: None,
            secrets: Default::default(),
            on_conflict: OnConflict::Warn,
            timeout: None,
            rerun_of: None,
            pauses_are_known: true,
            break_glass: None,
            vars: plan.vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    };
    asks.map(request).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::sample;

    #[test]
    fn every_deploy_step_is_tried_on_every_host_and_changes_nothing() {
        let plan = sample::rolling(5, 2);
        let requests = rehearse(&plan);
        assert!(!requests.is_empty());
        for request in &requests {
            let common = request.ask.common();
            assert!(common.check && common.diff, "{request:?}");
            assert_eq!(common.limit.as_deref().unwrap().split(',').count(), 5);
            assert_eq!(common.inventory, plan.inventory);
            assert_eq!(request.vars.len(), plan.vars.len());
        }
    }
}
