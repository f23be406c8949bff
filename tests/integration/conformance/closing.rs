//! Sections 5.5.1 and 7: how a connection is closed.

use super::*;

/// A close frame with a code and a reason.
fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FINAL | CLOSE, [&code.to_be_bytes()[..], reason].concat())
}

/// "When sending a Close frame in response, the endpoint typically echos the status code it received."
fn echoed(code: u16) -> Expected {
    Expected::Ends(vec![], vec![code])
}

fn good() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let what = format!("the code {code}");
        cases.push(Case { section: "7.4", what, frames: vec![close(code, b"")], expected: echoed(code) });
    }
    let ends = |what: &str, frames, code| Case { section: "5.5.1", what: what.into(), frames, expected: echoed(code) };
    cases.extend([
        ends("no code", vec![frame(FINAL | CLOSE, "")], 1000),
        ends("a reason", vec![close(1000, "au revoir \u{1F44B}".as_bytes())], 1000),
        ends("a reason of 123 bytes", vec![close(1000, &[b'*'; 123])], 1000),
        ends("frames after the close frame are ignored", vec![close(1000, b""), ping_text("late"), frame(PING, "late")], 1000),
        ends("nor what breaks the protocol", vec![close(1000, b""), frame(0xF3, "late")], 1000),
        ends("a second close frame", vec![close(1001, b""), close(1000, b"")], 1001),
        ends("within a message", vec![frame(TEXT_BEGINS, "{"), close(1001, b"")], 1001),
        Case {
            section: "5.5.1",
            what: "what came before is answered".into(),
            frames: vec![ping_text("n"), frame(PING, "p"), close(1000, b"")],
            expected: Expected::Ends(vec![nonce("n"), Answer::Pong("p".into())], vec![1000]),
        },
    ]);
    cases
}

fn bad() -> Vec<Case> {
    let mut cases = vec![
        Case::violates("5.5.1", "half a code", vec![frame(FINAL | CLOSE, [0x03])]),
        Case::violates("5.5.1", "a reason of 124 bytes", vec![close(1000, &[b'*'; 124])]),
        Case::violates("5.5.1", "a reason that is not UTF-8", vec![close(1000, &[b'a', 0xCE, 0xBA, 0xED, 0xA0, 0x80])]),
        Case::violates("5.5.1", "a reason that is cut inside a character", vec![close(1000, &[0xF0, 0x9F, 0x94])]),
    ];
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(Case::violates("7.4.2", format!("the code {code}"), vec![close(code, b"")]));
        cases.push(Case::violates("7.4.2", format!("the code {code} with a reason"), vec![close(code, b"why")]));
    }
    cases
}

#[tokio::test]
async fn section_7_closing() {
    let cases = [good(), bad()];
    Bench::open(&[]).await.run(cases.into_iter().flatten().collect()).await;
}
