//! What a person wants to know of a result first. Pure; the text is hostile until `text` made it safe.

use serde_json::Value;

/// The message of a result (JSON text): `msg`, else the end of `stderr`, of `stdout`, else `reason`; `None` when it says
/// nothing. A command's "non-zero return code" gives way to what the command itself printed.
pub fn message(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let said = |key: &str| body.get(key).map(plain).filter(|text| !text.trim().is_empty());
    let msg = said("msg");
    // "The command exited with a non-zero return code." from core 2.21 on
    if let Some(msg) = &msg
        && !msg.trim_end_matches('.').ends_with("non-zero return code")
    {
        return Some(msg.clone());
    }
    said("stderr").or_else(|| said("module_stderr")).or_else(|| said("stdout")).or_else(|| said("reason")).or(msg)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn what_the_command_printed_says_more_than_its_return_code() {
        let body = r#"{"msg":"non-zero return code","rc":1,"stderr":"disk full","stdout":"x"}"#;
        assert_eq!(message(body).as_deref(), Some("disk full"));
        assert_eq!(message(r#"{"msg":"non-zero return code","stderr":""}"#).as_deref(), Some("non-zero return code"));
        assert_eq!(message(r#"{"msg":["a","b"]}"#).as_deref(), Some("a\nb"));
        assert_eq!(message("{}"), None);
    }
}
