//! What the Diagnostics screen knows, what arrives for it and what it wants done.

use tui_logger::TuiWidgetState;

/// Its state: the widget's own, behind a lock of its own.
#[derive(Default)]
pub struct Diagnostics(pub TuiWidgetState);
