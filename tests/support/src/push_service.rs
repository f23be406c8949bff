//! A push service on loopback that accepts messages, which is a receiver of webhooks as well, and the browser's side of a subscription, which decrypts them. They use
//! different libraries from the server, so that an error in one is not hidden by the same error in the other.

use super::wait::soon;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;
use web_push_native::p256::{PublicKey, SecretKey, ecdh::diffie_hellman};

/// A received message.
#[derive(Debug)]
pub struct Posted {
    pub path: String,
    head: String,
    pub body: Vec<u8>,
}

impl Posted {
    /// Returns a header's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or("")
    }

    /// Checks a webhook's signatures (Standard Webhooks) with the receiver's secret, and returns the message.
    pub fn of_webhook(&self, secret: &str) -> Value {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [head.as_bytes(), &self.body].concat();
        let signatures = self.header("webhook-signature").split(' ').filter_map(|each| each.strip_prefix("v1,"));
        let is_valid = |signature: &str| {
            ring::hmac::verify(
                &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key),
                &signed,
                &BASE64_STANDARD.decode(signature).unwrap(),
            )
        };
        assert!(signatures.into_iter().any(|signature| is_valid(signature).is_ok()), "the secret fits no signature");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Verifies the signature with the server's public key, and returns the claims.
    pub fn verified(&self, public_key: &str) -> Value {
        let (token, key) = self.header("authorization").strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(key, public_key);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read = |text: &str| serde_json::from_slice::<Value>(&decode(text)).unwrap();
        assert_eq!(read(header), json!({"typ": "JWT", "alg": "ES256"}));
        let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decode(key));
        verifier.verify(signed.as_bytes(), &decode(signature)).expect("the signature fits the key");
        read(claims)
    }
}

/// A prepared reply: its status line and headers, sent once the test releases it or drops the sender.
struct Reply {
    head: &'static str,
    when: oneshot::Receiver<()>,
}

/// The service. Its task ends with the test.
pub struct PushService {
    pub base: String,
    /// The replies to the next messages. Without one the reply is 201.
    answers: Arc<Mutex<VecDeque<Reply>>>,
    posted: UnboundedReceiver<Posted>,
}

impl PushService {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (sender, posted) = unbounded_channel();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::default();
        tokio::spawn(serve(listener, answers.clone(), sender));
        Self { base, answers, posted }
    }

    /// Sets the status line and headers of the reply to the next message.
    pub fn answer_next(&self, head: &'static str) {
        drop(self.hold_next(head));
    }

    /// Sets the next reply as [`Self::answer_next`] does, but holds it until the returned sender is used or dropped.
    pub fn hold_next(&self, head: &'static str) -> oneshot::Sender<()> {
        let (release, when) = oneshot::channel();
        self.answers.lock().unwrap().push_back(Reply { head, when });
        release
    }

    /// Returns the next message.
    pub async fn next(&mut self) -> Posted {
        soon("a push message", self.posted.recv()).await.unwrap()
    }

    /// Asserts that no message has arrived.
    pub fn none_came(&mut self) {
        assert!(self.posted.try_recv().is_err(), "an unexpected message");
    }
}

async fn serve(listener: TcpListener, answers: Arc<Mutex<VecDeque<Reply>>>, sender: UnboundedSender<Posted>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(converse(socket, answers.clone(), sender.clone()));
    }
}

async fn converse(mut socket: TcpStream, answers: Arc<Mutex<VecDeque<Reply>>>, sender: UnboundedSender<Posted>) {
    let mut read = Vec::new();
    while let Some(posted) = take(&mut socket, &mut read).await {
        let reply = answers.lock().unwrap().pop_front();
        if sender.send(posted).is_err() {
            return;
        }
        let head = reply.as_ref().map_or("201 Created", |reply| reply.head);
        if let Some(Reply { when, .. }) = reply {
            // A dropped sender releases the reply as well.
            let _ = when.await;
        }
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        if socket.write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request of a persistent connection. Returns `None` at its end.
async fn take(socket: &mut TcpStream, read: &mut Vec<u8>) -> Option<Posted> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            let mut posted = Posted { path, head, body: Vec::new() };
            assert!(posted.head.starts_with("POST "), "{}", posted.head);
            let length: usize = posted.header("content-length").parse().unwrap();
            if read.len() >= end + 4 + length {
                posted.body = read.drain(..end + 4 + length).skip(end + 4).collect();
                return Some(posted);
            }
        }
        if socket.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// A browser with a subscription.
pub struct Browser {
    secret: SecretKey,
    auth: [u8; 16],
    pub endpoint: String,
}

impl Browser {
    pub fn subscribed_at(endpoint: String) -> Self {
        let (mut secret, mut auth) = ([0; 32], [0; 16]);
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut secret).unwrap();
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut auth).unwrap();
        Self { secret: SecretKey::from_slice(&secret).unwrap(), auth, endpoint }
    }

    /// Returns what the page sends to the server.
    pub fn subscription(&self) -> Value {
        let p256dh = BASE64_URL_SAFE_NO_PAD.encode(self.public_key());
        let auth = BASE64_URL_SAFE_NO_PAD.encode(self.auth);
        json!({"endpoint": self.endpoint, "keys": {"p256dh": p256dh, "auth": auth}, "language": "bn"})
    }

    fn public_key(&self) -> Vec<u8> {
        self.secret.public_key().to_encoded_point(false).as_bytes().to_vec()
    }

    /// Decrypts a message (RFC 8291, section 3.4; RFC 8188). The body is the salt, the record size, the length of the
    /// sender's key, the key, and one record.
    pub fn open(&self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = (u32::from_be_bytes(rest[..4].try_into().unwrap()), &rest[4..]);
        let (sender, record) = rest[1..].split_at(usize::from(rest[0]));
        assert!(record.len() <= size as usize && sender.len() == 65, "one record, under an uncompressed key");
        let point = PublicKey::from_sec1_bytes(sender).unwrap();
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), point.as_affine());
        let info = [b"WebPush: info\0".as_slice(), &self.public_key(), sender].concat();
        let input: [u8; 32] = derive(&self.auth, shared.raw_secret_bytes(), &info);
        let key: [u8; 16] = derive(salt, &input, b"Content-Encoding: aes128gcm\0");
        let nonce: [u8; 12] = derive(salt, &input, b"Content-Encoding: nonce\0");
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = record.to_vec();
        let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record);
        let plain = plain.expect("the message decrypts");
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the delimiter of the last record");
        plain[..end].to_vec()
    }

    /// Decrypts a message and parses its JSON.
    pub fn read(&self, posted: &Posted) -> Value {
        serde_json::from_slice(&self.open(&posted.body)).unwrap()
    }
}

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> [u8; N] {
    let mut output = [0; N];
    let key = Salt::new(HKDF_SHA256, salt).extract(input);
    key.expand(&[info], Bytes(N)).unwrap().fill(&mut output).unwrap();
    output
}

/// The RFC's own example (RFC 8291, section 5 and appendix A) decrypts, so the code above is correct.
#[test]
fn the_example_of_the_rfc_decrypts() {
    let secret = SecretKey::from_slice(&decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).unwrap();
    let auth = decode("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap();
    let browser = Browser { secret, auth, endpoint: String::new() };
    let body = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(browser.open(&decode(body)), b"When I grow up, I want to be a watermelon");
}
