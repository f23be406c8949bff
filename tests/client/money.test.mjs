import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { money as staffMoney } from '../../static/shared/format.js';
import { decimals, moneyIn } from '../../static/shared/money.js';

/** The active codes of ISO 4217 with their exponents, except metals, funds without an exponent, and test codes. */
const CODES = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
    COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
    KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
    PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const EACH = Object.entries(CODES).flatMap(([digits, codes]) => codes.split(/\s+/).map((code) => /** @type {const} */ ([code, Number(digits)])));

/** Returns the digits of a text, without signs and spaces around them. @param {string} text */
const figure = (text) => text.replace(/[^\d.,]/g, '').replace(/^\.+/, '');

test('each currency has the decimals of ISO 4217, whatever the browser thinks', () => {
  assert.equal(EACH.length, new Set(EACH.map(([code]) => code)).size);
  assert.ok(EACH.length > 150);
  const server = readFileSync(new URL('../../src/domain/values/money.rs', import.meta.url), 'utf8');
  const taken = server.match(/const CODES: &str = "([^"]+)"/)?.[1].match(/[A-Z]{3}/g);
  assert.deepEqual(taken, EACH.map(([code]) => code).sort(), 'a restaurant may have each of these currencies, and no other');
  for (const [code, digits] of EACH) {
    assert.equal(decimals(code), digits, code);
    const unit = 10 ** digits;
    assert.equal(figure(moneyIn({ amount: 3450 * unit, currency: code }, 'en')), '3,450', code);
    if (digits > 0) assert.equal(figure(moneyIn({ amount: 3450 * unit + 1, currency: code }, 'en')), `3,450.${'1'.padStart(digits, '0')}`, code);
    assert.equal(figure(moneyIn({ amount: 0, currency: code }, 'en')), '0', code);
  }
});

test('amounts that were once shown wrong are shown right', () => {
  const shown = (/** @type {number} */ amount, /** @type {string} */ currency) => moneyIn({ amount, currency }, 'en');
  assert.match(shown(345000, 'HUF'), /^Ft\s3,450$/);
  assert.match(shown(345050, 'RSD'), /3,450\.50$/);
  assert.equal(shown(3450, 'JPY'), '¥3,450');
  assert.match(shown(3450500, 'KWD'), /3,450\.500$/);
  assert.equal(shown(210000, 'BDT'), '৳2,100');
  assert.equal(shown(210050, 'BDT'), '৳2,100.50');
  assert.equal(shown(-1050, 'USD'), '-$10.50');
});

test('an unknown code has two decimals, and staff see the same amounts as guests', () => {
  assert.equal(decimals('QQQ'), 2);
  assert.equal(staffMoney({ amount: 210000, currency: 'BDT' }), moneyIn({ amount: 210000, currency: 'BDT' }));
});
