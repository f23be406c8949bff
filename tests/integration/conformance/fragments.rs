//! Section 5.4: messages in fragments, with control frames between them.

use super::*;

/// Splits a `ping` of docs/protocol.md into `parts` fragments.
fn cut(text: &str, parts: usize) -> Vec<Vec<u8>> {
    let size = text.len().div_ceil(parts);
    let pieces: Vec<_> = text.as_bytes().chunks(size).collect();
    let last = pieces.len() - 1;
    let piece = |(at, piece): (usize, &&[u8])| {
        let opcode = if at == 0 { TEXT_BEGINS } else { CONTINUATION };
        frame(opcode | if at == last { FINAL } else { 0 }, piece)
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// Inserts a frame after each frame but the last.
fn between(frames: Vec<Vec<u8>>, other: &[u8]) -> Vec<Vec<u8>> {
    let mut mixed: Vec<_> = frames.into_iter().flat_map(|frame| [frame, other.to_vec()]).collect();
    mixed.pop();
    mixed
}

fn whole() -> Vec<Case> {
    let text = ping_of("n", 0);
    let pong = || Answer::Pong("p".into());
    let mut cases = vec![
        Case::answered(
            "5.4",
            "two fragments, pings between",
            between(cut(&text, 2), &frame(PING, "p")),
            vec![pong(), nonce("n")],
        ),
        Case::answered("5.4", "pongs between", between(cut(&text, 5), &frame(FINAL | PONG, "p")), vec![nonce("n")]),
        Case::answered("5.4", "empty fragments between", between(cut(&text, 5), &frame(CONTINUATION, "")), vec![nonce("n")]),
        Case::answered(
            "5.4",
            "fragments that are all empty",
            vec![frame(TEXT_BEGINS, ""), frame(CONTINUATION, ""), frame(FINAL | CONTINUATION, "")],
            vec![Answer::Error("bad_frame")],
        ),
        Case::answered(
            "5.4",
            "an empty first and an empty last",
            vec![frame(TEXT_BEGINS, ""), frame(CONTINUATION, &text), frame(FINAL | CONTINUATION, "")],
            vec![nonce("n")],
        ),
        Case::answered(
            "5.4",
            "one message in fragments after another",
            [cut(&text, 3), cut(&text, 2)].concat(),
            vec![nonce("n"), nonce("n")],
        ),
    ];
    for parts in [2, 3, 7, text.len()] {
        cases.push(Case::answered("5.4", format!("{parts} fragments"), cut(&text, parts), vec![nonce("n")]));
    }
    let large = ping_of("n", 65_536);
    for parts in [2, 16, 256] {
        cases.push(Case::answered("5.4", format!("65,536 bytes in {parts} fragments"), cut(&large, parts), vec![nonce("n")]));
    }
    let mut pings = vec![pong(); text.len() - 1];
    pings.push(nonce("n"));
    cases.push(Case::answered("5.4", "a ping after each byte", between(cut(&text, text.len()), &frame(PING, "p")), pings));
    cases
}

fn broken() -> Vec<Case> {
    let text = ping_of("n", 0);
    vec![
        Case::violates("5.4", "a last fragment of nothing", vec![frame(FINAL | CONTINUATION, &text)]),
        Case::violates("5.4", "a fragment of nothing", vec![frame(CONTINUATION, &text), frame(FINAL | CONTINUATION, "")]),
        Case::violates("5.4", "an empty fragment of nothing", vec![frame(FINAL | CONTINUATION, "")]),
        Case::violates("5.4", "a text within a text", vec![frame(TEXT_BEGINS, "{"), frame(TEXT, "}")]),
        Case::violates("5.4", "a text that begins within a text", vec![frame(TEXT_BEGINS, "{"), frame(TEXT_BEGINS, "}")]),
        Case::violates("5.4", "binary data within a text", vec![frame(TEXT_BEGINS, "{"), frame(FINAL | BINARY, "}")]),
        Case {
            section: "5.4",
            what: "a continuation after the last".into(),
            frames: [cut(&text, 2), vec![frame(FINAL | CONTINUATION, "{")]].concat(),
            expected: Expected::Ends(vec![nonce("n")], vec![VIOLATION]),
        },
        Case::ended("5.4", "fragments over the limit together", cut(&ping_of("n", 65_537), 9), TOO_LARGE),
        Case::ended(
            "5.4",
            "fragments without end",
            vec![[frame(TEXT_BEGINS, "{"), frame(CONTINUATION, vec![b' '; 4096]).repeat(17)].concat()],
            TOO_LARGE,
        ),
    ]
}

#[tokio::test]
async fn section_5_4_fragments() {
    let cases = [whole(), broken()];
    Bench::open(&[]).await.run(cases.into_iter().flatten().collect()).await;
}
