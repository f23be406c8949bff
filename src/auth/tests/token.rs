use super::*;
use crate::auth::key_material::KeyPair;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const RESTAURANT: &str = "0193a5f0-7c1e-7000-8000-00000000002a";
const NOW: Timestamp = Timestamp::from_millis(1_795_514_400_500);
const HOUR: Duration = Duration::from_secs(3600);

/// A node that signs and verifies.
struct Node {
    issuer: Issuer,
    verifier: Verifier,
}

impl Node {
    fn with(keys: &str) -> Self {
        let keyring = Keyring::parse(keys).unwrap();
        Self { issuer: Issuer::of(&keyring).unwrap(), verifier: Verifier::of(&keyring) }
    }

    fn issue(&self, principal: &Principal, life: Duration, now: Timestamp) -> Result<SecretString, TokenError> {
        self.issuer.issue(principal, life, now)
    }

    fn verify(&self, token: &SecretString, now: Timestamp) -> Result<Verified, TokenError> {
        self.verifier.verify(token, now)
    }
}

fn ours() -> Node {
    Node::with(&format!("a:{SECRET}"))
}

/// Returns a key pair with the id `a`.
fn pair() -> KeyPair {
    KeyPair::random(Some("a".parse().unwrap()))
}

fn private(pair: &KeyPair) -> &str {
    pair.private_entry.expose_secret()
}

/// Returns the bytes of a public entry's key.
fn public_bytes(pair: &KeyPair) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(pair.public_entry.rsplit(':').next().unwrap()).unwrap()
}

fn principal(role: Role) -> Principal {
    Principal {
        sub: "me".parse().unwrap(),
        role,
        restaurant: RESTAURANT.parse().unwrap(),
        session: "s-1".parse().unwrap(),
        station: None,
        table: None,
        device: None,
        share: None,
        name: None,
    }
}

fn claims() -> Value {
    let now = NOW.seconds();
    json!({"iss":"orderbell","aud":"orderbell","sub":"me","role":"staff","restaurant":RESTAURANT,"sid":"s-1","iat":now,"exp":now + 60,"jti":"j"})
}

/// Signs claims with the right key, to test what is checked besides the signature.
fn forge(changes: &Value) -> Result<Principal, TokenError> {
    let mut claims = claims();
    crate::domain::values::merge_patch::apply(&mut claims, changes);
    let header = Header { kid: Some("a".into()), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    ours().verify(&token.into(), NOW).map(|verified| verified.principal)
}

/// Signs valid claims with the right key and another header type.
fn typed(typ: Option<&str>) -> Result<Principal, TokenError> {
    let header = Header { kid: Some("a".into()), typ: typ.map(Into::into), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    ours().verify(&token.into(), NOW).map(|verified| verified.principal)
}

#[test]
fn a_token_of_another_type_is_refused_whatever_else_is_right() {
    for typ in ["JWT", "jwt", "at+jwt"] {
        assert!(typed(Some(typ)).is_ok(), "{typ}");
    }
    for typ in [None, Some(""), Some("refresh"), Some("secevent+jwt"), Some("dpop+jwt"), Some("JWE")] {
        assert_eq!(typed(typ), Err(TokenError::WrongType), "{typ:?}");
    }
    for claim in ["typ", "token_type", "token_use"] {
        assert!(forge(&json!({claim: "access"})).is_ok(), "{claim}");
        for kind in ["refresh", "id", "share", ""] {
            assert_eq!(forge(&json!({claim: kind})), Err(TokenError::WrongType), "{claim} {kind}");
        }
        assert_eq!(forge(&json!({claim: 1})), Err(TokenError::Malformed), "{claim}");
    }
}

#[test]
fn an_issued_token_is_valid_until_its_expiry_and_not_a_millisecond_longer() {
    for role in Role::ALL {
        let token = ours().issue(&principal(role), HOUR, NOW).unwrap();
        let verified = ours().verify(&token, NOW).unwrap();
        assert_eq!(verified.principal, principal(role));
        assert_eq!(verified.expires_at.seconds(), NOW.seconds() + 3600);
        let last = Timestamp::from_millis(verified.expires_at.millis() - 1);
        assert!(ours().verify(&token, last).is_ok());
        assert_eq!(ours().verify(&token, verified.expires_at), Err(TokenError::Expired));
    }
}

#[test]
fn the_claims_and_the_header_are_those_of_the_contract() {
    let token = ours().issue(&principal(Role::Staff), HOUR, NOW).unwrap();
    let part = |index: usize| -> Value {
        let text = token.expose_secret().split('.').nth(index).unwrap();
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"typ":"JWT","alg":"HS256","kid":"a"}));
    let mut claims = part(1);
    assert!(claims["jti"].take().is_string());
    let now = NOW.seconds();
    let expected = json!({"iss":"orderbell","aud":"orderbell","sub":"me","role":"staff","restaurant":RESTAURANT,"sid":"s-1","iat":now,"exp":now + 3600,"jti":null});
    assert_eq!(claims, expected);
}

#[test]
fn a_token_lives_for_a_second_to_ninety_days() {
    let day = Duration::from_secs(86_400);
    for (life, good) in [(Duration::ZERO, false), (Duration::from_secs(1), true), (90 * day, true), (91 * day, false)] {
        assert_eq!(ours().issue(&principal(Role::Staff), life, NOW).is_ok(), good, "{life:?}");
    }
    assert_eq!(forge(&json!({"exp": NOW.seconds() + 91 * 86_400})), Err(TokenError::Life));
}

#[test]
fn each_claim_is_checked() {
    let now = NOW.seconds();
    assert!(forge(&json!({})).is_ok());
    assert!(forge(&json!({"iat": now + 60, "nbf": now + 60, "exp": now + 90})).is_ok(), "within the leeway");
    let cases = [
        (json!({"iss": "other"}), TokenError::Malformed),
        (json!({"iss": null}), TokenError::Malformed),
        (json!({"aud": "other"}), TokenError::Malformed),
        (json!({"aud": null}), TokenError::Malformed),
        (json!({"sub": null}), TokenError::Malformed),
        (json!({"sub": "a b"}), TokenError::Malformed),
        (json!({"role": "owner"}), TokenError::Malformed),
        (json!({"restaurant": "demo"}), TokenError::Malformed),
        (json!({"sid": null}), TokenError::Malformed),
        (json!({"exp": null}), TokenError::Malformed),
        (json!({"exp": "soon"}), TokenError::Malformed),
        (json!({"iat": null}), TokenError::Malformed),
        (json!({"exp": now}), TokenError::Expired),
        (json!({"exp": now - 30}), TokenError::Expired),
        (json!({"iat": now + 61}), TokenError::NotYet),
        (json!({"nbf": now + 61}), TokenError::NotYet),
        (json!({"iat": i64::MIN}), TokenError::Life),
    ];
    for (changes, expected) in cases {
        assert_eq!(forge(&changes), Err(expected), "{changes}");
    }
}

#[test]
fn a_token_with_another_key_or_algorithm_or_a_critical_header_is_refused() {
    let (key, other) = (EncodingKey::from_secret(SECRET.as_bytes()), EncodingKey::from_secret(&[7; 32]));
    let sign = |header: Header, key: &EncodingKey| ours().verify(&encode(&header, &claims(), key).unwrap().into(), NOW);
    let header = |kid: Option<&str>| Header { kid: kid.map(Into::into), ..Header::new(Algorithm::HS256) };
    assert!(sign(header(Some("a")), &key).is_ok());
    assert_eq!(sign(header(None), &key), Err(TokenError::UnknownKey));
    assert_eq!(sign(header(Some("b")), &key), Err(TokenError::UnknownKey));
    assert_eq!(sign(header(Some("a")), &other), Err(TokenError::BadSignature));
    assert_eq!(sign(Header { alg: Algorithm::HS512, ..header(Some("a")) }, &key), Err(TokenError::WrongAlgorithm));
    assert_eq!(sign(Header { crit: Some(vec!["exp".into()]), ..header(Some("a")) }, &key), Err(TokenError::Malformed));
    let b64 = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", b64(json!({"alg":"none","kid":"a"})), b64(claims()));
    assert_eq!(ours().verify(&unsigned.into(), NOW), Err(TokenError::Malformed));
}

#[test]
fn an_old_key_verifies_for_as_long_as_it_is_in_the_keyring() {
    let old = Node::with(&format!("old:{SECRET}"));
    let token = old.issue(&principal(Role::Kitchen), HOUR, NOW).unwrap();
    let both = Node::with(&format!("new:{SECRET}-new,old:{SECRET}"));
    assert!(both.verify(&token, NOW).is_ok());
    let new_token = both.issue(&principal(Role::Kitchen), HOUR, NOW).unwrap();
    assert_eq!(old.verify(&new_token, NOW), Err(TokenError::UnknownKey));
    assert_eq!(Node::with(&format!("new:{SECRET}-new")).verify(&token, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn a_token_signed_with_a_seed_is_verified_only_by_its_public_half() {
    let (pair, other) = (pair(), pair());
    let signs = Node::with(private(&pair));
    let token = signs.issue(&principal(Role::Staff), HOUR, NOW).unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.expose_secret().split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap(), json!({"typ":"JWT","alg":"EdDSA","kid":"a"}));
    let verifies = |entry: &str| Verifier::of(&Keyring::parse(entry).unwrap()).verify(&token, NOW).map(|found| found.principal);
    assert_eq!(verifies(&pair.public_entry), Ok(principal(Role::Staff)));
    assert_eq!(verifies(private(&pair)), Ok(principal(Role::Staff)));
    assert_eq!(verifies(&other.public_entry), Err(TokenError::BadSignature));
    assert_eq!(verifies(&pair.public_entry.replacen('a', "b", 1)), Err(TokenError::UnknownKey));
}

/// The public half is not secret. No token made from it is valid, whichever algorithm the token names.
#[test]
fn no_token_can_be_made_from_a_public_key() {
    let pair = pair();
    let text = pair.public_entry.rsplit(':').next().unwrap().as_bytes().to_vec();
    let verifiers = [Node::with(private(&pair)).verifier, Verifier::of(&Keyring::parse(&pair.public_entry).unwrap())];
    for material in [public_bytes(&pair), text, pair.public_entry.clone().into_bytes()] {
        for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some("a".into()), ..Header::new(alg) };
            let token: SecretString = encode(&header, &claims(), &EncodingKey::from_secret(&material)).unwrap().into();
            for verifier in &verifiers {
                assert_eq!(verifier.verify(&token, NOW), Err(TokenError::WrongAlgorithm), "{alg:?}");
            }
        }
    }
    // Used as a seed it belongs to another pair.
    let seed = format!("a:ed25519:{}", BASE64_URL_SAFE_NO_PAD.encode(public_bytes(&pair)));
    let token = Node::with(&seed).issue(&principal(Role::Manager), HOUR, NOW).unwrap();
    for verifier in &verifiers {
        assert_eq!(verifier.verify(&token, NOW), Err(TokenError::BadSignature));
    }
}

/// A token signed with either algorithm, or with none, is verified only by the algorithm of its key.
#[test]
fn a_token_does_not_choose_its_algorithm() {
    let pair = pair();
    let (eddsa, hs256) = (Node::with(private(&pair)), ours());
    let token = eddsa.issue(&principal(Role::Staff), HOUR, NOW).unwrap();
    assert_eq!(hs256.verify(&token, NOW), Err(TokenError::WrongAlgorithm), "EdDSA under the id of an HS256 key");
    let token = hs256.issue(&principal(Role::Staff), HOUR, NOW).unwrap();
    assert_eq!(eddsa.verify(&token, NOW), Err(TokenError::WrongAlgorithm), "HS256 under the id of a pair");
    let b64 = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = BASE64_URL_SAFE_NO_PAD.encode([7; 64]);
    for alg in ["none", "None", "NONE", "eddsa", "hs256", "RS256", "ES256", "Ed25519", ""] {
        for signature in ["", signature.as_str()] {
            let token: SecretString = format!("{}.{}.{signature}", b64(json!({"alg": alg, "kid": "a"})), b64(claims())).into();
            for node in [&eddsa, &hs256] {
                let refused = node.verify(&token, NOW).unwrap_err();
                assert!(matches!(refused, TokenError::Malformed | TokenError::WrongAlgorithm), "{alg} {refused:?}");
            }
        }
    }
}

/// Changes from HS256 to a key pair in three rounds of restarts: first every node knows the new key, then it signs, then
/// the old one is removed.
#[test]
fn a_change_from_hs256_to_a_pair_signs_nobody_out() {
    let pair = KeyPair::random(Some("new".parse().unwrap()));
    let (old, public, private) = (format!("old:{SECRET}"), pair.public_entry.as_str(), private(&pair));
    let rounds = [
        (old.clone(), old.clone()),
        (format!("{old},{private}"), format!("{old},{public}")),
        (format!("{private},{old}"), format!("{public},{old}")),
        (private.to_owned(), public.to_owned()),
    ];
    let verifier = |keys: &str| Verifier::of(&Keyring::parse(keys).unwrap());
    let mut signed_by = Vec::new();
    for pair in rounds.windows(2) {
        // During a round its nodes run beside those of the round before.
        for (signs, _) in pair {
            let token = Node::with(signs).issue(&principal(Role::Kitchen), HOUR, NOW).unwrap();
            let kid = decode_header(token.expose_secret()).unwrap().kid.unwrap();
            let is_of_the_old = kid == "old";
            for (calls, live) in pair {
                // The old key is removed only when the last token it signed has expired.
                let knows = !is_of_the_old || calls.contains("old:");
                assert_eq!(verifier(calls).verify(&token, NOW).is_ok(), knows, "{kid} at {calls}");
                assert_eq!(verifier(live).verify(&token, NOW).is_ok(), knows, "{kid} at {live}");
            }
            signed_by.push(kid);
        }
    }
    assert_eq!(signed_by, ["old", "old", "old", "new", "new", "new"]);
}

/// Both kinds of keys, each with a token that its verifier has verified before.
fn cached() -> [(Node, SecretString); 2] {
    [ours(), Node::with(private(&pair()))].map(|node| {
        let token = node.issue(&principal(Role::Manager), HOUR, NOW).unwrap();
        assert_eq!(node.verify(&token, NOW).unwrap().principal, principal(Role::Manager));
        assert_eq!(node.verifier.0.verified.len(), 1);
        (node, token)
    })
}

#[test]
fn a_token_that_is_verified_twice_has_the_same_principal_and_is_cached_once() {
    for (node, token) in cached() {
        assert_eq!(node.verify(&token, NOW), node.verify(&token, NOW));
        assert_eq!(node.verifier.0.verified.len(), 1);
    }
}

#[test]
fn a_cached_token_expires_on_the_millisecond_and_is_dropped() {
    for (node, token) in cached() {
        let end = NOW.seconds() * 1000 + 3_600_000;
        assert!(node.verify(&token, Timestamp::from_millis(end - 1)).is_ok());
        for _ in 0..2 {
            assert_eq!(node.verify(&token, Timestamp::from_millis(end)), Err(TokenError::Expired));
            assert_eq!(node.verifier.0.verified.len(), 0);
        }
    }
}

#[test]
fn a_cached_token_is_not_valid_before_its_time_when_the_clock_is_set_back() {
    for (node, token) in cached() {
        assert_eq!(node.verify(&token, Timestamp::from_millis(NOW.millis() - 61_000)), Err(TokenError::NotYet));
    }
}

#[test]
fn a_cached_token_with_another_character_at_its_end_is_refused() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.";
    for (node, token) in cached() {
        let (rest, last) = token.expose_secret().split_at(token.expose_secret().len() - 1);
        for other in ALPHABET.iter().map(|byte| char::from(*byte)).filter(|other| !last.contains(*other)) {
            assert!(node.verify(&format!("{rest}{other}").into(), NOW).is_err(), "{other} in place of {last}");
        }
        assert!(node.verify(&rest.to_owned().into(), NOW).is_err());
        assert!(node.verify(&format!("{rest}{last}{last}").into(), NOW).is_err());
        assert_eq!(node.verifier.0.verified.len(), 1);
    }
}

/// Another payload under a signature that is cached.
#[test]
fn a_cached_signature_covers_no_other_claims() {
    for (node, token) in cached() {
        let parts: Vec<_> = token.expose_secret().split('.').collect();
        let other = BASE64_URL_SAFE_NO_PAD.encode(claims().to_string());
        assert_eq!(node.verify(&format!("{}.{other}.{}", parts[0], parts[2]).into(), NOW), Err(TokenError::BadSignature));
    }
}

#[test]
fn a_cached_token_is_refused_once_its_key_has_left_the_keyring() {
    let both = Node::with(&format!("old:{SECRET},new:{SECRET}-new"));
    let token = both.issue(&principal(Role::Kitchen), HOUR, NOW).unwrap();
    assert!(both.verify(&token, NOW).is_ok() && both.verify(&token, NOW).is_ok());
    let rotated = Node::with(&format!("new:{SECRET}-new"));
    assert_eq!(rotated.verify(&token, NOW), Err(TokenError::UnknownKey));
    // The same id with another secret.
    assert_eq!(Node::with(&format!("old:{SECRET}-other")).verify(&token, NOW), Err(TokenError::BadSignature));
}

#[test]
fn a_token_that_is_too_long_is_not_even_decoded() {
    let long = "a.".repeat(MAX_TOKEN_BYTES).into();
    assert_eq!(ours().verify(&long, NOW), Err(TokenError::TooLong));
}

#[test]
fn debug_output_shows_no_token_and_no_key() {
    let answer =
        TokenAnswer { access_token: "ey.secret".into(), token_type: "Bearer", expires_in: 900, refresh_token: "hidden".into() };
    let (ours, pair) = (ours(), pair());
    let signs = Node::with(private(&pair));
    let shown = format!("{answer:?} {:?} {:?} {:?} {:?}", ours.issuer, ours.verifier, signs.issuer, signs.verifier);
    assert!(
        !shown.contains("secret\"")
            && !shown.contains("ey.")
            && !shown.contains("hidden")
            && !shown.contains(SECRET)
            && !shown.contains(private(&pair).rsplit(':').next().unwrap()),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn every_principal_round_trips_through_its_token(
        sub in "[!-~]{1,64}", sid in "[!-~]{1,64}", role in 0..5_usize,
        station in proptest::option::of("[a-z0-9-]{1,40}"), table in proptest::option::of("[A-Za-z0-9ঝ]{1,20}"), device in any::<Option<u128>>(), share in any::<Option<u128>>(),
    ) {
        let who = Principal {
            sub: sub.parse().unwrap(),
            session: sid.parse().unwrap(),
            station: station.map(|text| text.parse().unwrap()),
            table: table.map(|text| text.parse().unwrap()),
            device: device.map(|bits| DeviceId::from_uuid(uuid::Uuid::from_u128(bits))),
            share: share.map(|bits| OrderId::from_uuid(uuid::Uuid::from_u128(bits))),
            ..principal(Role::ALL[role])
        };
        for node in [ours(), Node::with(private(&pair()))] {
            let token = node.issue(&who, HOUR, NOW).unwrap();
            prop_assert_eq!(&node.verify(&token, NOW).unwrap().principal, &who);
        }
    }

    #[test]
    fn a_token_with_one_character_changed_is_refused(at in 0..1000_usize, to in "[A-Za-z0-9_-]") {
        for node in [ours(), Node::with(private(&pair()))] {
            let token = node.issue(&principal(Role::Manager), HOUR, NOW).unwrap();
            let mut text = token.expose_secret().to_owned();
            let at = at % (text.len() - 1); // the last character of base64 has bits that do not count
            prop_assume!(text[at..=at] != to);
            text.replace_range(at..=at, &to);
            prop_assert!(node.verify(&text.into(), NOW).is_err());
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        prop_assert!(ours().verify(&text.into(), NOW).is_err());
    }
}
