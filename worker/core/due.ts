import type { StreamState } from './marks.js';
import type { Margins, Stream } from './stream.js';

/**
 * Is it this stream's turn? A poller ticks as often as its fastest stream wants; the others wait until their watermark is as old
 * as their interval, times `stretch`, give or take half a tick of jitter. A scan under way always goes on.
 */
export function isDue(
  stream: Stream,
  saved: StreamState | null,
  serverNowMs: number,
  margins: Margins,
  tickEveryMs: number,
  stretch = 1,
): boolean {
  const everyMs = stream.everyMs * stretch;
  if (saved === null || saved.scan !== null || everyMs <= tickEveryMs) return true;
  const ageMs = serverNowMs - margins.settleMs - saved.marks.watermarkMs;
  // Older than no time at all: Intacct's clock was set back, and waiting for it could take hours.
  return ageMs < 0 || ageMs >= everyMs - tickEveryMs / 2;
}
