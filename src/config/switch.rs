//! Switches in environment variables.

/// Parses the environment variable of a switch. An empty one counts as off.
pub(crate) fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("write true or false, 1 or 0, yes or no, on or off".into()),
    }
}
