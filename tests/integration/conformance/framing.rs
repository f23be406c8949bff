//! Sections 5.1 to 5.3 and 5.8: headers, masks, lengths, opcodes, reserved bits.

use super::*;

/// Covers each length at which the form of the header changes, and its neighbours.
fn lengths() -> Vec<Case> {
    let mut cases = vec![Case::answered("5.2", "a text of no bytes", vec![frame(TEXT, "")], vec![Answer::Error("bad_frame")])];
    for length in [64, 125, 126, 127, 128, 255, 256, 4096, 65_535, 65_536] {
        let what = format!("a text of {length} bytes");
        cases.push(Case::answered("5.2", what, vec![frame(TEXT, ping_of("n", length))], vec![nonce("n")]));
    }
    cases.push(Case::ended("5.2", "a text of one byte over the limit", vec![frame(TEXT, ping_of("n", 65_537))], TOO_LARGE));
    cases
}

/// "The minimal number of bytes MUST be used to encode the length."
fn longer_forms() -> Vec<Case> {
    let mask = [1, 2, 3, 4];
    let of = |length, size| encode(TEXT, ping_of("n", size).as_bytes(), length, mask);
    let mut cases = vec![
        Case::violates("5.2", "125 bytes with a length of 16 bits", vec![of(Length::Of16, 125)]),
        Case::violates("5.2", "125 bytes with a length of 64 bits", vec![of(Length::Of64, 125)]),
        Case::violates("5.2", "126 bytes with a length of 64 bits", vec![of(Length::Of64, 126)]),
        Case::violates("5.2", "65,535 bytes with a length of 64 bits", vec![of(Length::Of64, 65_535)]),
        Case::violates("5.2", "no bytes with a length of 16 bits", vec![encode(TEXT, b"", Length::Of16, mask)]),
        Case::violates("5.5", "a ping with a length of 16 bits", vec![encode(PING, b"x", Length::Of16, mask)]),
        Case::violates("5.5", "a ping with a length of 64 bits", vec![encode(PING, b"x", Length::Of64, mask)]),
    ];
    // Only the header is sent: the server must judge by it.
    for declared in [65_537_u64, 1 << 31, 1 << 32, (1 << 63) - 1] {
        let header = [&[TEXT, 0x80 | 127][..], &declared.to_be_bytes()].concat();
        cases.push(Case::ended("5.2", format!("a header of {declared} bytes"), vec![header], TOO_LARGE));
    }
    cases
}

fn masks() -> Vec<Case> {
    let text = ping_of("n", 0);
    let unmasked = |first: u8, payload: &[u8]| [&[first, payload.len() as u8], payload].concat();
    let mut cases = vec![
        Case::violates("5.1", "a text without a mask", vec![unmasked(TEXT, text.as_bytes())]),
        Case::violates("5.1", "a ping without a mask", vec![unmasked(PING, b"")]),
        Case::violates("5.1", "a close frame without a mask", vec![unmasked(FINAL | CLOSE, &1000_u16.to_be_bytes())]),
        Case::violates(
            "5.1",
            "a text with a mask, then one without",
            vec![frame(FINAL | PONG, "first"), unmasked(TEXT, text.as_bytes())],
        ),
    ];
    for mask in [[0; 4], [0xFF; 4], [0x7B, 0x22, 0x00, 0xFF]] {
        let frames = vec![encode(TEXT, text.as_bytes(), Length::Shortest, mask)];
        cases.push(Case::answered("5.3", format!("the mask {mask:02x?}"), frames, vec![nonce("n")]));
    }
    cases
}

fn opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in [3_u8, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in ["", "reserved"] {
            let what = format!("the reserved opcode {opcode:#x} with {} bytes", payload.len());
            cases.push(Case::violates("5.2", what.clone(), vec![frame(FINAL | opcode, payload)]));
            cases.push(Case::violates("5.2", format!("{what}, not final"), vec![frame(opcode, payload)]));
        }
        // The text before it is answered, and the text after it is not.
        let frames = vec![ping_text("before"), frame(FINAL | opcode, ""), ping_text("behind")];
        let expected = Expected::Ends(vec![nonce("before")], vec![VIOLATION]);
        let what = format!("the reserved opcode {opcode:#x} between texts");
        cases.push(Case { section: "5.2", what, frames, expected });
    }
    cases
}

fn reserved_bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..8_u8 {
        for (name, opcode, payload) in [
            ("text", 1, ping_of("n", 0)),
            ("binary", 2, "b".into()),
            ("close", 8, String::new()),
            ("ping", 9, "p".into()),
            ("pong", 10, "p".into()),
        ] {
            let what = format!("the reserved bits {bits:03b} on {name}");
            cases.push(Case::violates("5.2", what, vec![frame(FINAL | bits << 4 | opcode, payload)]));
        }
    }
    // A continuation frame too.
    let frames = vec![frame(TEXT_BEGINS, "{"), frame(FINAL | 0x40 | CONTINUATION, "}")];
    cases.push(Case::violates("5.2", "a reserved bit on a continuation", frames));
    cases
}

#[tokio::test]
async fn section_5_2_headers() {
    let cases = [lengths(), longer_forms(), masks()];
    Bench::open(&[]).await.run(cases.into_iter().flatten().collect()).await;
}

#[tokio::test]
async fn section_5_2_opcodes_and_reserved_bits() {
    let cases = [opcodes(), reserved_bits()];
    Bench::open(&[]).await.run(cases.into_iter().flatten().collect()).await;
}

/// Runs with configured limits, below and above the defaults of common libraries.
#[tokio::test]
async fn section_7_4_1_messages_up_to_a_limit_of_any_size() {
    for limit in [1024_usize, 300_000] {
        let half = limit / 2;
        let (first, last) = (ping_of("n", half), " ".repeat(limit - half));
        let cases = vec![
            Case::answered(
                "7.4.1",
                format!("{limit} bytes, the limit"),
                vec![frame(TEXT, ping_of("n", limit))],
                vec![nonce("n")],
            ),
            Case::answered(
                "7.4.1",
                format!("{limit} bytes in fragments, the limit"),
                vec![frame(TEXT_BEGINS, &first), frame(FINAL | CONTINUATION, &last)],
                vec![nonce("n")],
            ),
            Case::ended("7.4.1", format!("a byte over {limit}"), vec![frame(TEXT, ping_of("n", limit + 1))], TOO_LARGE),
            Case::ended(
                "7.4.1",
                format!("a byte over {limit} in fragments"),
                vec![frame(TEXT_BEGINS, &first), frame(FINAL | CONTINUATION, format!("{last} "))],
                TOO_LARGE,
            ),
        ];
        Bench::open(&["--frame-bytes", &limit.to_string()]).await.run(cases).await;
    }
}
