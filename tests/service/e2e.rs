//! End-to-end tests: the real binary, real Ansible, real sshd. One file a theme; what they share is in `tests/support`.

mod alarm;
mod away;
mod cli;
mod demo;
mod demo_releases;
mod health;
mod killed;
mod lab;
mod recovery;
mod releases;
mod screen;
mod screens;
mod verbs;
