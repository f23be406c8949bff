//! Sections 5.5.2, 5.5.3 and 5.6: pings, pongs and binary data.

use super::*;

fn pings() -> Vec<Case> {
    let mut cases = Vec::new();
    let every_byte: Vec<u8> = (0..=255).collect();
    let payloads: [&[u8]; 6] = [b"", b"hello", &[0x00, 0xFF, 0xFE, 0x80], &every_byte[..125], &every_byte[131..], &[b'*'; 125]];
    for payload in payloads {
        let what = format!("a ping with {} bytes is answered with them", payload.len());
        cases.push(Case::answered("5.5.2", what, vec![frame(PING, payload)], vec![Answer::Pong(payload.to_vec())]));
    }
    let many: Vec<_> = (0..10_u8).map(|number| vec![number; 3]).collect();
    cases.push(Case::answered(
        "5.5.3",
        "ten pings are answered in their order",
        many.iter().map(|payload| frame(PING, payload)).collect(),
        many.iter().cloned().map(Answer::Pong).collect(),
    ));
    cases
}

fn control_frames() -> Vec<Case> {
    let long = [b'*'; 126];
    vec![
        Case::violates("5.5", "a ping with 126 bytes", vec![frame(PING, long)]),
        Case::violates("5.5", "a pong with 126 bytes", vec![frame(FINAL | PONG, long)]),
        Case::violates("5.5", "a close frame with 126 bytes", vec![frame(FINAL | CLOSE, long)]),
        Case::violates("5.5", "a ping that is not final", vec![frame(0x09, "part")]),
        Case::violates("5.5", "a pong that is not final", vec![frame(PONG, "part")]),
        Case::violates("5.5", "a close frame that is not final", vec![frame(CLOSE, "")]),
        Case::violates("5.5", "a ping that is continued", vec![frame(0x09, "part"), frame(FINAL | CONTINUATION, "rest")]),
        Case::answered("5.5.3", "a pong that nobody asked for", vec![frame(FINAL | PONG, "")], vec![]),
        Case::answered("5.5.3", "one with a payload", vec![frame(FINAL | PONG, "unsolicited")], vec![]),
        Case::answered(
            "5.5.3",
            "one, then a ping",
            vec![frame(FINAL | PONG, "a"), frame(PING, "b")],
            vec![Answer::Pong("b".into())],
        ),
    ]
}

/// Binary messages are not part of the protocol: a single frame is answered with an error, fragments close the connection.
fn binary() -> Vec<Case> {
    let refused = || vec![Answer::Error("bad_frame")];
    vec![
        Case::answered("5.6", "binary data", vec![frame(FINAL | BINARY, [0xFF, 0x00])], refused()),
        Case::answered("5.6", "binary data of no bytes", vec![frame(FINAL | BINARY, "")], refused()),
        Case::answered("5.6", "binary data of 65,536 bytes", vec![frame(FINAL | BINARY, vec![0xFE; 65_536])], refused()),
        Case::answered(
            "5.6",
            "binary data that would be a frame as text",
            vec![frame(FINAL | BINARY, ping_of("n", 0))],
            refused(),
        ),
        Case::ended("7.4.1", "binary data over the limit", vec![frame(FINAL | BINARY, vec![0; 65_537])], TOO_LARGE),
        Case::violates("5.6", "binary data in fragments", vec![frame(BINARY, "{"), frame(FINAL | CONTINUATION, "}")]),
    ]
}

#[tokio::test]
async fn section_5_5_control_frames_and_5_6_data_frames() {
    let cases = [pings(), control_frames(), binary()];
    Bench::open(&[]).await.run(cases.into_iter().flatten().collect()).await;
}
