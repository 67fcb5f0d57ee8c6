//! `opsdeck serve` over real sshd hosts: one process acts in an environment, it polls and recovers without a screen, tells
//! people through a real Alertmanager, and answers over HTTP as a real Prometheus asks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "gates/prometheus.rs"]
mod prometheus;
mod support;

#[path = "serve/alarm.rs"]
mod alarm;
#[path = "serve/alertmanager.rs"]
mod alertmanager;
#[path = "serve/alerts.rs"]
mod alerts;
#[path = "serve/cause.rs"]
mod cause;
#[path = "serve/clock.rs"]
mod clock;
#[path = "serve/daemon.rs"]
mod daemon;
#[path = "serve/gives_way.rs"]
mod gives_way;
#[path = "serve/http.rs"]
mod http;
#[path = "serve/notify.rs"]
mod notify;
#[path = "serve/one.rs"]
mod one;
#[path = "serve/recovery.rs"]
mod recovery;
#[path = "serve/screen.rs"]
mod screen;
#[path = "serve/silence.rs"]
mod silence;
#[path = "serve/unit.rs"]
mod unit;
#[path = "serve/webhook.rs"]
mod webhook;

use support::{Lab, wait};
