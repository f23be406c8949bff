//! Section 8.1: text must be UTF-8, wherever it is cut into fragments.

use super::*;

/// Code points at the edges of UTF-8's ranges.
const VALID: [&str; 15] = [
    "\u{7F}",
    "\u{80}",
    "\u{7FF}",
    "\u{800}",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FFFD}",
    "\u{FFFE}",
    "\u{FFFF}",
    "\u{10000}",
    "\u{3FFFF}",
    "\u{10FFFF}",
    "\u{FEFF}",
    "ঘণ্টা",
    "κόσμε",
];

/// Invalid UTF-8, each with its reason.
const INVALID: [(&str, &[u8]); 21] = [
    ("a lone continuation byte", &[0x80]),
    ("the last continuation byte", &[0xBF]),
    ("continuation bytes", &[0x80, 0xBF, 0x80, 0xBF]),
    ("two bytes without the second", &[0xC3]),
    ("two bytes with a letter for the second", &[0xC3, b'(']),
    ("three bytes without the third", &[0xE2, 0x82]),
    ("four bytes without the fourth", &[0xF0, 0x9F, 0x94]),
    ("the longer form of a slash", &[0xC0, 0xAF]),
    ("the longer form of a slash, in three", &[0xE0, 0x80, 0xAF]),
    ("the longer form of a slash, in four", &[0xF0, 0x80, 0x80, 0xAF]),
    ("the longer form of zero", &[0xC0, 0x80]),
    ("the longest form of U+07FF in three", &[0xE0, 0x9F, 0xBF]),
    ("the longest form of U+FFFF in four", &[0xF0, 0x8F, 0xBF, 0xBF]),
    ("the first surrogate", &[0xED, 0xA0, 0x80]),
    ("the last surrogate", &[0xED, 0xBF, 0xBF]),
    ("a pair of surrogates", &[0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80]),
    ("one above U+10FFFF", &[0xF4, 0x90, 0x80, 0x80]),
    ("five bytes", &[0xF8, 0x88, 0x80, 0x80, 0x80]),
    ("six bytes", &[0xFC, 0x84, 0x80, 0x80, 0x80, 0x80]),
    ("0xFE", &[0xFE]),
    ("0xFF", &[0xFF]),
];

/// Returns a `ping` with these bytes in its nonce.
fn with(bytes: &[u8]) -> Vec<u8> {
    [br#"{"type":"ping","nonce":"a"#, bytes, br#"b"}"#].concat()
}

#[tokio::test]
async fn section_8_1_text_is_utf_8_wherever_it_is_cut() {
    let mut cases = Vec::new();
    for text in VALID {
        let (whole, answer) = (with(text.as_bytes()), vec![nonce(&format!("a{text}b"))]);
        let code = text.escape_unicode();
        cases.push(Case::answered("8.1", format!("{code}"), vec![frame(TEXT, &whole)], answer.clone()));
        // Cut inside each character.
        for at in 1..text.len() {
            let (first, last) = whole.split_at(25 + at);
            let frames = vec![frame(TEXT_BEGINS, first), frame(PING, ""), frame(FINAL | CONTINUATION, last)];
            let answers = [vec![Answer::Pong(vec![])], answer.clone()].concat();
            cases.push(Case::answered("8.1", format!("{code}, cut after {at}"), frames, answers));
        }
    }
    for (what, bytes) in INVALID {
        let whole = with(bytes);
        cases.push(Case::violates("8.1", what, vec![frame(TEXT, &whole)]));
        cases.push(Case::violates("8.1", format!("{what}, alone"), vec![frame(TEXT, bytes)]));
        for at in [25, 26, 25 + bytes.len()] {
            let (first, last) = whole.split_at(at);
            let frames = vec![frame(TEXT_BEGINS, first), frame(CONTINUATION, ""), frame(FINAL | CONTINUATION, last)];
            cases.push(Case::violates("8.1", format!("{what}, in fragments cut at {at}"), frames));
        }
    }
    Bench::open(&[]).await.run(cases).await;
}
