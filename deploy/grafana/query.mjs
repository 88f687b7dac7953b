// What the queries of the panels have in common.
//
// Several workers tell the same of what they share: max or min over them is the truth. What each has counted itself is summed.

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} description what it means, and what to do about it
 * @property {'stat' | 'timeseries' | 'table' | 'bargauge'} type
 * @property {readonly (readonly [query: string, legend: string])[]} queries
 * @property {string} [unit] as Grafana calls it; a plain number by default
 * @property {readonly (readonly [from: number | null, colour: string])[]} [thresholds] colour from this value on
 * @property {Readonly<Record<string, string>>} [values] words for numbers
 * @property {number} width of 24
 * @property {number} [height]
 * @property {boolean} [stacked]
 * @property {number} [max]
 */

/** @typedef {{ title: string, panels: readonly Panel[] }} Row */

export const M = 'intacct_trigger_';
export const CONNECTION = 'connection=~"$connection"';
export const POLLER = `${CONNECTION}, location=~"$location"`;
export const STREAM = `${POLLER}, object=~"$object"`;
export const BY_STREAM = 'by (connection, location, object)';
export const STREAM_NAME = '{{connection}} {{location}} {{object}}';

export const GOOD_IF_NONE = /** @type {const} */ ([
  [null, 'green'],
  [1, 'red'],
]);

/** @param {string} metric @param {string} by @param {string} [labels] */
export const rate = (metric, by, labels = STREAM) =>
  `sum by (${by}) (rate(${M}${metric}{${labels}}[$__rate_interval]))`;
/** @param {number} quantile @param {string} metric @param {string} labels */
export const quantileOf = (quantile, metric, labels) =>
  `histogram_quantile(${quantile}, sum by (le) (rate(${M}${metric}_bucket{${labels}}[$__rate_interval])))`;
