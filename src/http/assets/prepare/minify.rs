//! Removes comments, indentation and empty lines from scripts and style sheets, which are a third of their bytes. Works line by
//! line without a parser, so a comment behind code stays.

use std::borrow::Cow;

/// Whether files of a media type have comments of the forms `/* … */` and, on lines of their own, `// …`.
pub(crate) fn applies_to(kind: &str) -> bool {
    kind.starts_with("text/javascript") || kind.starts_with("text/css")
}

/// Returns the code of a file; the file itself if it is not UTF-8.
pub(crate) fn minify(file: &[u8]) -> Cow<'_, [u8]> {
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

/// Returns the part of a line after the comments at its start; `is_in_comment` carries an open one to the next line.
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

    fn minified(text: &str) -> String {
        String::from_utf8(minify(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn comments_are_removed_and_code_stays() {
        let script = "/** Says\n * why.\n */\nexport function go() {\n  // First.\n\n  return '// no comment' + \"/* nor this */\"; // kept\n}\n";
        assert_eq!(minified(script), "export function go() {\nreturn '// no comment' + \"/* nor this */\"; // kept\n}\n");
        assert_eq!(minified("/* ---- top ---- */\n\n.top {\n  /* a\n     reason */ color: red;\n}"), ".top {\ncolor: red;\n}\n");
    }

    #[test]
    fn a_comment_before_code_is_removed_and_the_code_stays() {
        assert_eq!(minified("/** @type {Map<string, any>} */ #orders = new Map();"), "#orders = new Map();\n");
        assert_eq!(
            minified("/* one */ /* two\n three */ four();\n/**/ five();\n/*/ six */ seven();"),
            "four();\nfive();\nseven();\n"
        );
    }

    #[test]
    fn bytes_that_are_not_text_stay() {
        assert_eq!(minify(&[0xff, 0xfe, b'\n']), &[0xff, 0xfe, b'\n'][..]);
        assert!(applies_to("text/javascript; charset=utf-8") && applies_to("text/css; charset=utf-8"));
        assert!(!applies_to("text/html; charset=utf-8") && !applies_to("application/json; charset=utf-8"));
    }
}
