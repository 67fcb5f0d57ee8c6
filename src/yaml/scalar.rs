//! What YAML 1.1, as PyYAML reads it, makes of a plain scalar: `no` is false, `012` is ten, `12:30` is 750.
