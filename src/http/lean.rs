//! Scripts and style sheets without what only their readers need: comments, indentation and empty lines are a third of what
//! would go over the wire. Line by line, so that no parser of either language is needed; what stands behind code stays.

use std::borrow::Cow;

/// Whether files of this media type are written so: comments as `/* … */`, and `// …` on lines of their own.
pub(super) fn can_be(kind: &str) -> bool {
    kind.starts_with("text/javascript") || kind.starts_with("text/css")
}

/// The code of a file, line by line; the file itself if it is no UTF-8.
pub(super) fn of(file: &[u8]) -> Cow<'_, [u8]> {
    let Ok(text) = std::str::from_utf8(file) else { return Cow::Borrowed(file) };
    let mut code = String::with_capacity(text.len());
    let mut is_in_comment = false;
    for line in text.lines() {
        let rest = without_comments(line.trim(), &mut is_in_comment);
        if !rest.is_empty() && !rest.starts_with("//") {
            code.push_str(rest);
            code.push('\n');
        }
    }
    Cow::Owned(code.into_bytes())
}

/// What follows the comments that a line begins with, or begins in.
fn without_comments<'a>(line: &'a str, is_in_comment: &mut bool) -> &'a str {
    let mut rest = line;
    while *is_in_comment || rest.starts_with("/*") {
        let begins = if *is_in_comment { 0 } else { "/*".len() };
        let Some((_, after)) = rest[begins..].split_once("*/") else {
            *is_in_comment = true;
            return "";
        };
        *is_in_comment = false;
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lean(text: &str) -> String {
        String::from_utf8(of(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn code_stays_and_what_is_said_about_it_goes() {
        let script = "/** Says\n * why.\n */\nexport function go() {\n  // First.\n\n  return '// no comment' + \"/* nor this */\"; // kept\n}\n";
        assert_eq!(lean(script), "export function go() {\nreturn '// no comment' + \"/* nor this */\"; // kept\n}\n");
        assert_eq!(lean("/* ---- top ---- */\n\n.top {\n  /* a\n     reason */ color: red;\n}"), ".top {\ncolor: red;\n}\n");
    }

    #[test]
    fn a_comment_before_code_on_its_line_goes_alone() {
        assert_eq!(lean("/** @type {Map<string, any>} */ #orders = new Map();"), "#orders = new Map();\n");
        assert_eq!(
            lean("/* one */ /* two\n three */ four();\n/**/ five();\n/*/ six */ seven();"),
            "four();\nfive();\nseven();\n"
        );
    }

    #[test]
    fn what_is_not_text_is_left_alone() {
        assert_eq!(of(&[0xff, 0xfe, b'\n']), &[0xff, 0xfe, b'\n'][..]);
        assert!(can_be("text/javascript; charset=utf-8") && can_be("text/css; charset=utf-8"));
        assert!(!can_be("text/html; charset=utf-8") && !can_be("application/json; charset=utf-8"));
    }
}
