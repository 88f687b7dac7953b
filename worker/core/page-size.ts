import { MAX_PAGE_SIZE } from './page-query.js';

/** Below this a page is not what made an answer too large or too slow. */
const MIN_PAGE_SIZE = 50;

/** After an answer that was cut, too large or too late. */
export function smallerPage(size: number): number {
  return Math.max(MIN_PAGE_SIZE, Math.floor(size / 2));
}

/** After an answer that came whole: back to the largest page, step by step. */
export function largerPage(size: number): number {
  return Math.min(MAX_PAGE_SIZE, size * 2);
}
