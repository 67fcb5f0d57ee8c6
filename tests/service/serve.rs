//! `opsdeck serve` over real sshd hosts: one process acts in an environment, it polls and recovers without a screen, tells
//! people through a real Alertmanager, and answers over HTTP as a real Prometheus asks.

mod alarm;
mod alertmanager;
mod alerts;
mod cause;
mod clock;
mod daemon;
mod gives_way;
mod http;
mod notify;
mod one;
mod recovery;
mod screen;
mod silence;
mod unit;
mod webhook;

use crate::support::Lab;
