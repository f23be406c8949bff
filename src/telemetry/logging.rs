//! The log: one line for each event, as text or as JSON, to standard error.

use super::request;
use log::Record;
use log::kv::{Error, Key, Value, VisitSource};
use serde_json::{Map, json};
use std::fmt::Write as _;
use std::io::Write as _;

/// The module that logs malformed requests of strangers as errors. It is off unless the filter
/// names it.
const NOISY: &str = "actix_http";

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `time level target: message key=value …`
    Text,
    /// One JSON object: `time`, `level`, `target`, `message`, and a member for each value.
    Json,
}

/// Starts logging to standard error: one line for each event. `filter` has env_logger's syntax
/// (`info,orderbell=debug`).
pub fn start_logging(filter: &str, format: LogFormat) {
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filter).target(env_logger::Target::Stderr);
    if !filter.contains(NOISY) {
        builder.filter_module(NOISY, log::LevelFilter::Off);
    }
    builder.format(move |out, record| {
        let time = out.timestamp_millis().to_string();
        match format {
            LogFormat::Text => writeln!(out, "{}", as_text(&time, record)),
            LogFormat::Json => writeln!(out, "{}", as_json(&time, record)),
        }
    });
    // A second start (tests in one process) keeps the first logger.
    let _ = builder.try_init();
}

fn as_text(time: &str, record: &Record<'_>) -> String {
    let mut line = Text(format!("{time} {:5} {}: {}", record.level(), record.target(), record.args()));
    let _ = record.key_values().visit(&mut line);
    if let Some(id) = request::current() {
        let _ = write!(line.0, " request={id}");
    }
    line.0
}

/// The members of the line come before its values, so that no value can pose as one.
fn as_json(time: &str, record: &Record<'_>) -> String {
    let mut line = Json(Map::new());
    let _ = record.key_values().visit(&mut line);
    if let Some(id) = request::current() {
        line.0.insert("request".to_owned(), json!(id.as_str()));
    }
    line.0.insert("time".to_owned(), json!(time));
    line.0.insert("level".to_owned(), json!(record.level().as_str().to_ascii_lowercase()));
    line.0.insert("target".to_owned(), json!(record.target()));
    line.0.insert("message".to_owned(), json!(record.args().to_string()));
    serde_json::Value::Object(line.0).to_string()
}

struct Text(String);

impl<'kvs> VisitSource<'kvs> for Text {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        write!(self.0, " {key}={value}").map_err(Into::into)
    }
}

struct Json(Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Json {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let value = if let Some(number) = value.to_u64() {
            json!(number)
        } else if let Some(number) = value.to_i64() {
            json!(number)
        } else if let Some(truth) = value.to_bool() {
            json!(truth)
        } else {
            json!(value.to_string())
        };
        self.0.insert(key.to_string(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    fn record<R>(values: &dyn log::kv::Source, read: impl FnOnce(&Record<'_>) -> R) -> R {
        let arguments = format_args!("request \"one\"\nand two");
        let record = Record::builder().level(Level::Warn).target("orderbell::http").args(arguments).key_values(&values).build();
        read(&record)
    }

    #[tokio::test]
    async fn both_forms_have_the_values_and_the_request() {
        let id = "edge-17".parse().expect("an id");
        request::scope(id, async {
            let values = [("status", Value::from(503_u64)), ("route", Value::from("/api/v1/orders"))];
            let text = record(&values, |record| as_text("2026-11-30T10:00:00.000Z", record));
            assert!(text.starts_with("2026-11-30T10:00:00.000Z WARN  orderbell::http: request"), "{text}");
            assert!(text.ends_with(" status=503 route=/api/v1/orders request=edge-17"), "{text}");
            let line = record(&values, |record| as_json("2026-11-30T10:00:00.000Z", record));
            assert!(!line.contains('\n'), "one line: {line}");
            let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            let right = json!({"time": "2026-11-30T10:00:00.000Z", "level": "warn", "target": "orderbell::http",
                "message": "request \"one\"\nand two", "status": 503, "route": "/api/v1/orders", "request": "edge-17"});
            assert_eq!(read, right);
        })
        .await;
    }

    #[test]
    fn no_value_poses_as_a_member_of_the_line() {
        let values = [("level", Value::from("info")), ("message", Value::from("all is well"))];
        let line = record(&values, |record| as_json("now", record));
        assert!(line.contains("\"level\":\"warn\"") && !line.contains("all is well"), "{line}");
    }
}
