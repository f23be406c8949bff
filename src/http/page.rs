//! A page as it is served: with the version and the style sheets written into it. A phone on a slow network paints after
//! the first round trip that way, not after the second, and asks for seven files less.

use super::lean;
use super::version::{self, Static};
use actix_web::http::header::HeaderValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a page may load and do: from this server alone, and pictures of dishes from where the menu says. `'self'` holds
/// for WebSockets too (CSP Level 3, section 6.7.2.8); a browser too old to know that follows by HTTP.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data: https:; media-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";
/// Of the policy, what is said of style sheets.
const STYLE_SOURCES: &str = "style-src 'self'";

/// A page with all that belongs to it.
#[derive(Clone)]
pub(super) struct Page {
    /// The SHA-256 of the body.
    pub(super) hash: [u8; 32],
    pub(super) body: Bytes,
    /// The Content-Security-Policy, which allows this page's styles by their hash and none beside them.
    pub(super) policy: HeaderValue,
}

/// By their names. A debug build makes them anew each time, since it reads them from the disk.
static PAGES: LazyLock<HashMap<String, Page>> =
    LazyLock::new(|| Static::iter().filter_map(|name| Some((name.to_string(), make(&name)?))).collect());

/// The page of a file of `static/`; `None` if there is none of that name, or it is no page.
pub(super) fn of(name: &str) -> Option<Page> {
    if cfg!(debug_assertions) { make(name) } else { PAGES.get(name).cloned() }
}

/// The policy of answers that are no page.
pub(super) fn policy() -> HeaderValue {
    HeaderValue::from_static(POLICY)
}

fn make(name: &str) -> Option<Page> {
    let file = Static::get(name).filter(|file| file.metadata.mimetype() == "text/html")?;
    let (page, styles) = with_styles(&version::stamp(&file.data), sheet);
    let hash = Sha256::digest(&page).into();
    Some(Page { hash, body: page.into(), policy: policy_with(&styles)? })
}

fn sheet(path: &str) -> Option<String> {
    let file = Static::get(path)?;
    String::from_utf8(lean::of(&file.data).into_owned()).ok()
}

/// A page whose style sheets stand in it, where the first was linked, and what stands there. A sheet for one medium alone,
/// or one that is not there, stays a link.
fn with_styles(page: &str, sheet: impl Fn(&str) -> Option<String>) -> (String, String) {
    let mut styles = String::new();
    let mut before = None;
    let mut rest = String::with_capacity(page.len());
    for line in page.lines() {
        match linked(line).and_then(&sheet) {
            Some(sheet) => {
                before.get_or_insert(rest.len());
                styles.push_str(&sheet);
            }
            None => rest.extend([line, "\n"]),
        }
    }
    if let Some(place) = before {
        rest.insert_str(place, &format!("<style>{styles}</style>\n"));
    }
    (rest, styles)
}

/// Where the sheet is that a line links, if that is all the line does.
fn linked(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix("<link rel=\"stylesheet\" href=\"/")?.strip_suffix("\">")?;
    (!path.contains('"')).then_some(path)
}

fn policy_with(styles: &str) -> Option<HeaderValue> {
    if styles.is_empty() {
        return Some(policy());
    }
    let hash = BASE64_STANDARD.encode(Sha256::digest(styles));
    HeaderValue::try_from(POLICY.replace(STYLE_SOURCES, &format!("{STYLE_SOURCES} 'sha256-{hash}'"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_stand_in_the_page_in_their_order_where_the_first_was_linked() {
        let page = "<head>\n  <link rel=\"stylesheet\" href=\"/a.css\">\n  <link rel=\"stylesheet\" href=\"/b.css\">\n\
            <link rel=\"stylesheet\" href=\"/print.css\" media=\"print\">\n<link rel=\"stylesheet\" href=\"/none.css\">\n</head>\n";
        let (page, styles) = with_styles(page, |path| (path != "none.css").then(|| format!("{path} {{}}\n")));
        assert_eq!(styles, "a.css {}\nb.css {}\n");
        assert_eq!(
            page,
            "<head>\n<style>a.css {}\nb.css {}\n</style>\n<link rel=\"stylesheet\" href=\"/print.css\" media=\"print\">\n\
             <link rel=\"stylesheet\" href=\"/none.css\">\n</head>\n"
        );
    }

    #[test]
    fn a_policy_allows_the_styles_of_its_page_by_their_hash_and_no_others() {
        let policy = policy_with("p { color: red; }\n").unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest("p { color: red; }\n"));
        assert!(policy.to_str().unwrap().contains(&format!("; style-src 'self' 'sha256-{hash}'; connect-src 'self';")));
        assert_eq!(policy_with("").unwrap(), POLICY);
    }

    #[test]
    fn every_page_holds_its_styles_whole() {
        for name in Static::iter().filter(|name| name.ends_with(".html")) {
            let page = String::from_utf8(of(&name).unwrap().body.to_vec()).unwrap();
            let (_, rest) = page.split_once("<style>").unwrap();
            let (styles, rest) = rest.split_once("</style>").unwrap();
            assert!(styles.contains(":root") && !styles.contains('<') && !rest.contains("<style"), "{name}");
            assert!(of(&name).unwrap().policy.to_str().unwrap().contains(&BASE64_STANDARD.encode(Sha256::digest(styles))));
        }
        assert!(of("css/base.css").is_none() && of("no.html").is_none());
    }
}
