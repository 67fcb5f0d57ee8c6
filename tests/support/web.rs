//! The smallest release that does something: each host writes down the version that it got. Holds no test.

/// Its playbook, `deploy.yml`.
pub const DEPLOY: &str = "[{hosts: all, gather_facts: false, tasks: [{name: out, shell: 'echo {{ release_version }} >> ran-{{ inventory_hostname }}'}]}]";

/// Below `releases:`.
pub const WEB: &str = "
  web:
    hosts: all
    bake: 0s
    strategy: {rolling: {soak: 0s}}
    stages:
      - deploy: [{playbook: deploy.yml}]
    rollback: [{playbook: deploy.yml}]
";
