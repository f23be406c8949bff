/**
 * Decimals of currencies that do not have two (ISO 4217). Browsers follow the CLDR, which differs: there HUF has no decimals.
 * @type {Record<string, string>}
 */
const ODD = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

/** @param {string} currency @returns {number} how many decimals its amounts have */
export function decimals(currency) {
  return Number(Object.keys(ODD).find((digits) => ODD[digits].includes(currency)) ?? 2);
}

/**
 * @param {{amount: number, currency: string}} money in minor units @param {string} [locale]
 * @returns {string} without decimals if they are all zero
 */
export function moneyIn({ amount, currency }, locale) {
  const digits = decimals(currency);
  const shown = amount % 10 ** digits ? digits : 0;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency', currency, currencyDisplay: 'narrowSymbol', minimumFractionDigits: shown, maximumFractionDigits: shown,
  });
  return format.format(amount / 10 ** digits);
}
