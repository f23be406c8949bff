//! Switches as people write them.

/// Reads the environment variable of a flag that is there or not. An empty one is none.
pub(crate) fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("say true or false, 1 or 0, yes or no, on or off".into()),
    }
}
