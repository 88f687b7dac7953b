import type { Version } from './record.js';

/**
 * The version last emitted per record key. One entry costs some 77 bytes of Redis and stays until a sweep has passed its stamp by
 * SWEEP_BACK. Text form: stamp in base 36, a dot, the content hash.
 */
export type Ledger = ReadonlyMap<string, Version>;

export function encodeVersion(version: Version): string {
  return `${version.stampMs.toString(36)}.${version.hash}`;
}

/** Undefined for text that is not an entry: the caller must refuse to go on, since guessing would lose or repeat a record. */
export function decodeVersion(text: string): Version | undefined {
  const match = /^(-?[0-9a-z]+)\.([A-Za-z0-9_-]+)$/.exec(text);
  const [, stamp, hash] = match ?? [];
  if (stamp === undefined || hash === undefined) return undefined;
  return { stampMs: Number.parseInt(stamp, 36), hash };
}

export type Verdict =
  | 'new'
  /** Emitted before, or older than what was emitted. */
  | 'seen';

/**
 * Was this version emitted? An older stamp than the last one is a stale read (a replica behind), not news; only after Intacct's own
 * clock was set back may it be the newer edit.
 */
export function judge(version: Version, last: Version | undefined, acceptOlder: boolean): Verdict {
  if (last === undefined) return 'new';
  if (version.stampMs === last.stampMs) return version.hash === last.hash ? 'seen' : 'new';
  return version.stampMs > last.stampMs || acceptOlder ? 'new' : 'seen';
}
