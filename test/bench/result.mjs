/**
 * What a benchmark found.
 *
 * @typedef {object} Measurement
 * @property {string} name
 * @property {number} value in `unit`
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {number} bar what `value` is held against, in the same unit
 * @property {{ name: string, value: number }} baseline measured in the same run, in the same unit
 * @property {number} [least] what a controller took in the same run that does nothing but the requests, in the same unit
 * @property {Record<string, number | string>} [details]
 */

/** Adds to a measurement how it stands to its bar and to its baseline. @param {Measurement} measurement */
export function judge(measurement) {
  const { value, bar, better, baseline, least } = measurement;
  return {
    ...measurement,
    value: round(value),
    ratio: round(value / bar),
    pass: better === 'higher' ? value >= bar : value <= bar,
    baseline: { ...baseline, value: round(baseline.value), ratio: round(value / baseline.value) },
    ...(least === undefined ? {} : { least: round(least) }),
  };
}

/** One judged measurement as a line for people; the numbers of a smoke run are not good or bad. */
export function line({ name, value, unit, better, bar, ratio, pass, baseline, least }, smoke) {
  const verdict = pass ? '✓' : '✗';
  const limit = `${better === 'higher' ? '>=' : '<='} ${number(bar)}`;
  return [
    `${smoke ? '·' : verdict} ${name.padEnd(16)}${`${number(value)} ${unit}`.padStart(18)}`,
    `bar ${limit} (ratio ${ratio})`,
    `${baseline.name}: ${number(baseline.value)} (ratio ${baseline.ratio})`,
    ...(least === undefined ? [] : [`the least controller: ${number(least)}`]),
  ].join('   ');
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The value below which the share `q` of them lies. */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

function number(value) {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(value);
}

function round(value) {
  return Number(value.toPrecision(4));
}
