//! RFC 6455 against the running server, case by case, in the style of the Autobahn test suite. The server answers frames
//! that a client may send. Other frames close the connection with the code in docs/protocol.md. Each case names its section.

mod closing;
mod data;
mod fragments;
mod framing;
mod handshakes;
mod text;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::raw::{PING, TEXT};
use support::{Client, Raw, TestServer, server::TALKATIVE};

const CONTINUATION: u8 = 0x00;
const BINARY: u8 = 0x02;
const CLOSE: u8 = 0x08;
const PONG: u8 = 0x0A;
/// The FIN bit.
const FINAL: u8 = 0x80;
/// The opcode of text, in a frame that is not final.
const TEXT_BEGINS: u8 = 0x01;

/// Longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(8);

const TOO_LARGE: u16 = 1009;
const VIOLATION: u16 = 4400;

/// Frames that a client sends, and the expected result.
struct Case {
    /// The section of RFC 6455 under test.
    section: &'static str,
    what: String,
    frames: Vec<Vec<u8>>,
    expected: Expected,
}

/// The expected result.
#[derive(Debug, PartialEq)]
enum Expected {
    /// These answers in this order, and the connection stays open.
    Answers(Vec<Answer>),
    /// These answers, a close frame with one of these codes, and the end of the stream.
    Ends(Vec<Answer>, Vec<u16>),
}

#[derive(Debug, Clone, PartialEq)]
enum Answer {
    /// A WebSocket pong frame with its payload.
    Pong(Vec<u8>),
    /// The `pong` of docs/protocol.md with its nonce.
    Nonce(Value),
    /// An `error` frame with this code.
    Error(&'static str),
}

impl Case {
    fn answered(section: &'static str, what: impl Into<String>, frames: Vec<Vec<u8>>, answers: Vec<Answer>) -> Self {
        Self { section, what: what.into(), frames, expected: Expected::Answers(answers) }
    }

    fn ended(section: &'static str, what: impl Into<String>, frames: Vec<Vec<u8>>, code: u16) -> Self {
        Self { section, what: what.into(), frames, expected: Expected::Ends(Vec::new(), vec![code]) }
    }

    fn violates(section: &'static str, what: impl Into<String>, frames: Vec<Vec<u8>>) -> Self {
        Self::ended(section, what, frames, VIOLATION)
    }
}

/// How the header encodes the length.
#[derive(Clone, Copy)]
enum Length {
    Shortest,
    Of16,
    Of64,
}

/// Encodes a frame with a mask and a form of its length.
fn encode(first: u8, payload: &[u8], length: Length, mask: [u8; 4]) -> Vec<u8> {
    let size = payload.len();
    let mut bytes = vec![first];
    match (length, size) {
        (Length::Shortest, 0..126) => bytes.push(0x80 | size as u8),
        (Length::Of16, _) | (Length::Shortest, 126..65_536) => {
            bytes.push(0x80 | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend((size as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Encodes a frame as a conforming client sends it.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    encode(first, payload.as_ref(), Length::Shortest, [0xA1, 0x00, 0xFF, 0x5C])
}

/// Returns the text of a `ping` of docs/protocol.md, padded with spaces to a length.
fn ping_of(nonce: &str, length: usize) -> String {
    let text = json!({"type": "ping", "nonce": nonce}).to_string();
    format!("{text}{}", " ".repeat(length.saturating_sub(text.len())))
}

fn ping_text(nonce: &str) -> Vec<u8> {
    frame(TEXT, ping_of(nonce, 0))
}

fn nonce(text: &str) -> Answer {
    Answer::Nonce(text.into())
}

/// How a client writes the bytes of a case.
#[derive(Debug, Clone, Copy)]
enum Delivery {
    AtOnce,
    FrameByFrame,
    ByteByByte,
}

/// Larger cases are not sent byte by byte.
const SMALL: usize = 400;

struct Bench {
    _server: TestServer,
    staff: Client,
}

impl Bench {
    async fn open(flags: &[&str]) -> Self {
        let plenty = [
            "--heartbeat-ms",
            "9000",
            "--connections-per-principal",
            "100000",
            "--handshakes-per-second",
            "100000",
            "--handshake-burst",
            "100000",
        ];
        let server = TestServer::start(&[&TALKATIVE[..], &plenty, flags].concat()).await;
        let staff = server.staff().await;
        Self { _server: server, staff }
    }

    /// Runs every case in every delivery, and fails with all differences.
    async fn run(&self, cases: Vec<Case>) {
        let (mut faults, mut runs) = (Vec::new(), 0);
        for case in &cases {
            for delivery in [Delivery::AtOnce, Delivery::FrameByFrame, Delivery::ByteByByte] {
                if matches!(delivery, Delivery::ByteByByte) && case.frames.iter().map(Vec::len).sum::<usize>() > SMALL {
                    continue;
                }
                runs += 1;
                if let Err(seen) = self.play(case, delivery).await {
                    faults.push(format!("RFC 6455, {}: {}, {delivery:?}: {seen}", case.section, case.what));
                }
            }
        }
        println!("{} cases of RFC 6455 in {runs} runs", cases.len());
        assert!(faults.is_empty(), "{} of {runs} runs:\n{}", faults.len(), faults.join("\n"));
    }

    async fn play(&self, case: &Case, delivery: Delivery) -> Result<(), String> {
        let mut raw = Raw::open(&self.staff).await;
        raw.stream.set_nodelay(true).unwrap();
        match delivery {
            Delivery::AtOnce => raw.write(&case.frames.concat()).await,
            Delivery::FrameByFrame => {
                for frame in &case.frames {
                    raw.write(frame).await;
                }
            }
            Delivery::ByteByByte => {
                for byte in case.frames.concat() {
                    raw.write(&[byte]).await;
                }
            }
        }
        match &case.expected {
            Expected::Answers(answers) => {
                // Only what arrives before the answer to this belongs to the case.
                raw.write(&ping_text("the end of the case")).await;
                let end = nonce("the end of the case");
                let seen = read_until(&mut raw, Some(&end)).await?;
                let right = seen.0 == *answers && seen.1.is_none();
                right.then_some(()).ok_or_else(|| format!("{seen:?} in place of {answers:?}"))
            }
            Expected::Ends(answers, codes) => {
                let (seen, code) = read_until(&mut raw, None).await?;
                let right = seen == *answers && code.is_some_and(|code| codes.contains(&code));
                right.then_some(()).ok_or_else(|| format!("{seen:?}, {code:?} in place of {answers:?}, {codes:?}"))
            }
        }
    }
}

/// Reads the server's frames up to an answer or the end of the stream. Asserts that a server may send each of them. Returns the
/// answers and the close code.
async fn read_until(raw: &mut Raw, end: Option<&Answer>) -> Result<(Vec<Answer>, Option<u16>), String> {
    let (mut answers, mut closed) = (Vec::new(), None);
    let begun = Instant::now();
    while let Some((first, payload)) = raw.frame().await {
        // The server keeps sending pings when nothing else happens.
        if begun.elapsed() > DEADLINE {
            return Err(format!("neither the answer nor the end: {answers:?}"));
        }
        if closed.is_some() {
            return Err(format!("a frame after the close frame: {first:#x}"));
        }
        if first & 0x70 != 0 || first & FINAL == 0 {
            return Err(format!("the server sends reserved bits or fragments: {first:#x}"));
        }
        match first & 0x0F {
            PONG => answers.push(Answer::Pong(payload)),
            CLOSE => closed = Some(read_code(&payload)?),
            0x01 => answers.extend(read_text(&payload)?),
            0x09 => {}
            other => return Err(format!("the server sends the opcode {other:#x}")),
        }
        if end.is_some() && answers.last() == end {
            answers.pop();
            return Ok((answers, None));
        }
    }
    Ok((answers, closed))
}

fn read_code(payload: &[u8]) -> Result<u16, String> {
    match payload {
        [first, second, reason @ ..] if std::str::from_utf8(reason).is_ok() => Ok(u16::from_be_bytes([*first, *second])),
        _ => Err(format!("a close frame with {payload:?}")),
    }
}

fn read_text(payload: &[u8]) -> Result<Option<Answer>, String> {
    let frame: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    match frame["type"].as_str() {
        Some("pong") => Ok(Some(Answer::Nonce(frame["nonce"].clone()))),
        Some("error") if frame["code"] == "bad_frame" => Ok(Some(Answer::Error("bad_frame"))),
        _ => Err(format!("an unexpected frame: {frame}")),
    }
}

/// The control: the harness detects a wrong expectation, whether the case should end or stay open.
#[tokio::test]
async fn the_harness_detects_a_wrong_expectation() {
    let bench = Bench::open(&[]).await;
    let lives = Case::violates("5.5.2", "a ping is no violation", vec![frame(PING, "x"), frame(CLOSE | FINAL, "")]);
    assert!(bench.play(&lives, Delivery::AtOnce).await.unwrap_err().contains("in place of"));
    let ends = Case::answered("5.2", "reserved bits are no text", vec![frame(0xC1, "x")], vec![]);
    assert!(bench.play(&ends, Delivery::AtOnce).await.unwrap_err().contains("in place of"));
    let silent = Case::answered("5.5.2", "a ping has no answer", vec![frame(PING, "x")], vec![]);
    assert!(bench.play(&silent, Delivery::AtOnce).await.unwrap_err().contains("in place of"));
}
