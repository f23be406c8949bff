//! Money in minor units of one currency, without floating point.

use super::as_text::serde_as_text;
use super::schema::{self, wire_schema};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// The text is not three upper-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three upper-case letters (ISO 4217)")]
pub struct InvalidCurrency;

/// The active currency codes of ISO 4217, without metals and test codes. Their decimals are in
/// `static/shared/money.js`.
const CODES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
    CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD \
    MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF \
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU \
    UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

impl Currency {
    /// Returns whether ISO 4217 has the code. A new restaurant needs such a code; a stored one may have
    /// any.
    #[must_use]
    pub fn is_known(&self) -> bool {
        CODES.as_bytes().split(|byte| *byte == b' ').any(|code| code == self.0)
    }
}

/// The codes whose amounts do not have two decimals, by the number of decimals; the same as in `static/shared/money.js`.
const ODD_DECIMALS: [(u32, &str); 3] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// Returns how many decimals its amounts have.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        let is_among = |codes: &str| codes.as_bytes().split(|byte| *byte == b' ').any(|code| code == self.0);
        ODD_DECIMALS.iter().find(|(_, codes)| is_among(codes)).map_or(2, |(decimals, _)| *decimals)
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;
    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(InvalidCurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| fmt::Write::write_char(f, char::from(letter)))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(Currency);
wire_schema!(Currency, "Currency", schema::text("^[A-Z]{3}$").description(Some("An ISO 4217 code.")));

/// An amount in minor units (paisa, cents) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units; never negative for a price or a total.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
}

impl Money {
    /// Returns an amount of zero.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { amount: 0, currency }
    }

    /// Returns the sum; `None` for different currencies or out of range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self { amount: self.amount.checked_add(other.amount)?, currency: self.currency })
    }

    /// Returns the product; `None` out of range.
    #[must_use]
    pub fn checked_times(self, quantity: u16) -> Option<Self> {
        Some(Self { amount: self.amount.checked_mul(i64::from(quantity))?, currency: self.currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_need_one_currency_and_stay_in_range() {
        let bdt = |amount| Money { amount, currency: "BDT".parse().unwrap() };
        assert_eq!(bdt(900).checked_times(2).unwrap().checked_add(bdt(650)), Some(bdt(2450)));
        assert_eq!(bdt(1).checked_add(Money { amount: 1, currency: "EUR".parse().unwrap() }), None);
        assert_eq!(bdt(i64::MAX).checked_add(bdt(1)), None);
        assert!(["BDT", "AED", "HUF", "ZWG"].iter().all(|code| code.parse::<Currency>().unwrap().is_known()));
        assert!(
            ["ZZZ", "XXX", "XTS", "XAU", "EU ", "DEM"]
                .iter()
                .all(|code| !code.parse().is_ok_and(|code: Currency| code.is_known()))
        );
        assert!("bdt".parse::<Currency>().is_err() && "TAKA".parse::<Currency>().is_err());
    }
}
