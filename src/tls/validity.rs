//! The validity of an X.509 certificate (RFC 5280, "Validity"), pure. rustls checks it in certificates of others, and offers no
//! way to read that of one's own.

use crate::domain::values::time::Timestamp;
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, Reader, SliceReader, Tag};
use std::time::Duration;

/// The time in which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
}

impl Validity {
    /// Reads the validity of a certificate in DER.
    ///
    /// # Errors
    /// An error if the bytes are not a certificate.
    pub(super) fn read(certificate: &[u8]) -> der::Result<Self> {
        SliceReader::new(certificate)?.sequence(|certificate| {
            let validity = certificate.sequence(|fields| {
                if fields.peek_tag()?.is_context_specific() {
                    AnyRef::decode(fields)?; // the version
                }
                // The serial number, the algorithm of the signature, and the issuer.
                for _ in 0..3 {
                    AnyRef::decode(fields)?;
                }
                let validity = fields.sequence(|times| Ok(Self { begins: read_time(times)?, ends: read_time(times)? }))?;
                skip(fields)?;
                Ok(validity)
            })?;
            skip(certificate)?;
            Ok(validity)
        })
    }
}

fn read_time<'a>(times: &mut impl Reader<'a>) -> der::Result<Timestamp> {
    let since_epoch = match times.peek_tag()? {
        Tag::UtcTime => UtcTime::decode(times)?.to_unix_duration(),
        _ => GeneralizedTime::decode(times)?.to_unix_duration(),
    };
    Ok(Timestamp::from_millis(0).plus(Duration::from_secs(since_epoch.as_secs())))
}

/// Skips the rest, since every part of a structure has to be read.
fn skip<'a>(reader: &mut impl Reader<'a>) -> der::Result<()> {
    reader.read_slice(reader.remaining_len()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    /// A certificate, valid from 2026-11-30T22:14:12Z to 2051-07-22T22:14:12Z: one time in each of the two forms.
    const CERTIFICATE: &str = "MIIBbjCCARWgAwIBAgIUJzhd4GYp9TDs3PHt+C+gr3aNlfkwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMzAyMjE0MTJaGA8yMD\
         UxMDcyMjIyMTQxMlowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGzV2A8y/i+RizXZSf7azq5iqjm2Srx49PJs5+b1\
         IJyglqOD2PzmQcg3mKHt7N/7P5GT/wTKJAyzn7shmb6RQSajUzBRMB0GA1UdDgQWBBSCsEMlYiQuRsRmt5CtpYHl/bIQ6jAfBgNVHSMEGDAWgB\
         SCsEMlYiQuRsRmt5CtpYHl/bIQ6jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCICvpbmAL/p49WC2qMa0ccy9njAs98hluQf2b\
         DTgZwnDBAiBKPc75Uky/Js3ZIhic/u3YfbHcd1Im5/rQm4Oc/hzjog==";

    fn certificate() -> Vec<u8> {
        BASE64_STANDARD.decode(CERTIFICATE).unwrap()
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let Validity { begins, ends } = Validity::read(&certificate()).unwrap();
        assert_eq!(
            (begins.to_string(), ends.to_string()),
            ("2026-11-30T22:14:12.000Z".into(), "2051-07-22T22:14:12.000Z".into())
        );
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_causes_no_panic(at in 0_usize..200, byte in any::<u8>(), end in 0_usize..400) {
            let mut bytes = certificate();
            bytes[at] = byte;
            bytes.truncate(end);
            let _ = Validity::read(&bytes);
        }
    }
}
