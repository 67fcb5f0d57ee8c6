# What people do here, by name. `just` lists it; each recipe is a line that can be typed as well.

# The recipes
default:
    @just --list

# Type check everything
check:
    cargo c

# Unit tests whose path holds WORDS
unit *WORDS:
    cargo unit {{WORDS}}

# The rules of the house, and what README says of the program
house:
    cargo house

# All tests on real Ansible, sshd, HAProxy and Prometheus: about 20 minutes
test *ARGS:
    tests/run {{ARGS}}

# What must hold before anything lands
ci:
    .ci/run

# A test that takes long: `just soak undo 60`
soak NAME MINUTES:
    tests/soak {{NAME}} --minutes {{MINUTES}}

# The figures of README, each beside its goal
bench:
    tests/bench/run

# The console on the demo
demo:
    cargo run --release -- demo
