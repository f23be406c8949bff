//! The names that other programs depend on: settings, metrics, and the words of the wire. `contract.txt` lists them, so that
//! every change of one is seen.

use crate::root;
use clap::{Arg, Command};
use orderbell::cli;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::Service;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use orderbell::domain::values::action::ActionName;
use orderbell::domain::values::limit::Limit;
use orderbell::domain::values::reason::{CallReason, Reason};
use orderbell::protocol::problem_body::GRANT_ERRORS;
use orderbell::protocol::{ClientFrame, CloseCode, ErrorCode, FrameKind};
use orderbell::store::audit::Kind;
use orderbell::telemetry::Metrics;
use std::collections::BTreeSet;
use std::fmt::Write;
use utoipa::PartialSchema;

/// Returns each setting with its variable and its default, by the command that takes it.
fn settings(command: &Command, name: &str, found: &mut Vec<String>) {
    let of = |argument: &Arg| {
        let flag = argument.get_long().map_or_else(|| argument.get_id().to_string(), |long| format!("--{long}"));
        let variable = argument.get_env().map_or_else(String::new, |variable| format!(" {}", variable.to_string_lossy()));
        let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if defaults.is_empty() { String::new() } else { format!(" = {}", defaults.join(",")) };
        format!("{name} {flag}{variable}{default}")
    };
    found.extend(command.get_arguments().filter(|argument| !argument.is_hide_set()).map(of));
    for inner in command.get_subcommands() {
        settings(inner, &format!("{name} {}", inner.get_name()), found);
    }
}

/// Returns each metric with its kind, as a scrape names it.
fn metrics() -> Vec<String> {
    let scrape = Metrics::new().scrape();
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(str::to_owned).collect()
}

/// Returns the words of an enumeration from its schema.
fn words<T: PartialSchema>() -> Vec<String> {
    let schema = serde_json::to_value(T::schema()).unwrap();
    schema["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn owned<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

fn sections() -> Vec<(&'static str, Vec<String>)> {
    let mut all_settings = Vec::new();
    settings(&cli::command(), "orderbell", &mut all_settings);
    vec![
        ("settings", all_settings),
        ("metrics", metrics()),
        ("error codes", ErrorCode::ALL.iter().map(|code| format!("{} {}", code.as_str(), code.http_status())).collect()),
        ("error codes of pairing", owned(GRANT_ERRORS)),
        ("close codes", CloseCode::ALL.iter().map(|code| format!("{} {}", code.number(), code.reason())).collect()),
        ("frames of the server", owned(FrameKind::ALL.iter().map(|kind| kind.as_str()))),
        ("frames of a client", owned(ClientFrame::TYPES)),
        ("events", owned(EventKind::ALL.iter().map(|kind| kind.as_str()))),
        ("actions", owned(ActionName::ALL.iter().map(|action| action.as_str()))),
        ("statuses of an order", owned(OrderStatus::ALL.iter().map(|status| status.as_str()))),
        ("statuses of an item", words::<ItemStatus>()),
        ("services", words::<Service>()),
        ("roles", owned(Role::ALL.iter().map(|role| role.as_str()))),
        ("reasons", owned(Reason::ALL.iter().map(|reason| reason.as_str()))),
        ("reasons of a call", owned(CallReason::ALL.iter().map(|reason| reason.as_str()))),
        ("limits", owned(Limit::ALL.iter().map(|limit| limit.as_str()))),
        ("kinds of the audit", owned(Kind::ALL.iter().map(|kind| kind.as_str()))),
    ]
}

fn written() -> String {
    let mut text = String::new();
    for (name, words) in sections() {
        writeln!(text, "# {name}").unwrap();
        words.iter().for_each(|word| writeln!(text, "{word}").unwrap());
        writeln!(text).unwrap();
    }
    text
}

#[test]
fn the_names_that_others_depend_on_equal_the_kept_list() {
    let path = root().join("tests/architecture/contract.txt");
    let now = written();
    if std::env::var_os("ORDERBELL_UPDATE_SPEC").is_some() {
        return std::fs::write(path, now).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let gone: Vec<_> = lines(&kept).difference(&lines(&now)).cloned().collect();
    let come: Vec<_> = lines(&now).difference(&lines(&kept)).cloned().collect();
    assert!(
        kept == now,
        "gone: {gone:#?}\ncome: {come:#?}\nWhat is gone breaks somebody. What has come is kept by \
         `ORDERBELL_UPDATE_SPEC=1 cargo test --test architecture kept`."
    );
}
