//! How the property tests of this crate are run. Holds no test.

use proptest::test_runner::Config;

/// So many cases. What failed is written into the message and nowhere else: no folder appears in the tree, and a case
/// worth keeping becomes a test of its own.
pub fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}
