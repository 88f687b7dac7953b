import type { TriggerEvent } from '../../shared/event.js';
import { classify, toEvent } from './event.js';
import { judge, type Ledger } from './ledger.js';
import type { Marks } from './marks.js';
import type { Progress } from './progress.js';
import { FieldOrder, type IntacctRecord, type RejectedRow, type Version, versionOf } from './record.js';
import type { Margins, Stream } from './stream.js';
import { acceptsOlderStamps, ledgerFloor } from './window.js';

/** One entry of a commit. */
export interface SiftedRecord {
  /** Field of the ledger. */
  readonly ledgerKey: string;
  /** What the ledger held when this was judged; null for nothing. */
  readonly known: Version | null;
  /** What the ledger is to remember; null where no later window reaches. */
  readonly remember: Version | null;
  /** Null where the trigger does not want this operation: remembered all the same. */
  readonly event: TriggerEvent | null;
}

export interface Sifted {
  readonly records: readonly SiftedRecord[];
  /** Versions that were emitted before. */
  readonly duplicates: number;
  readonly recovered: Recovered;
}

/**
 * New versions with a stamp that an earlier window had read up to: they were not visible then. By the least margin that reaches them.
 * Many of them say that the margins are too small for this company.
 */
export interface Recovered {
  readonly overlap: number;
  readonly sweep: number;
}

/** Rows without a usable key or time are remembered by what they hold. Intacct's record numbers never begin so. */
export function rejectLedgerKey(rejected: RejectedRow): string {
  return `!${rejected.fingerprint}`;
}

/** Which versions have not been emitted, as events in the order given. `ledger` holds the entries of these records' keys. */
export function sift(
  stream: Stream,
  progress: Progress,
  records: readonly IntacctRecord[],
  ledger: Ledger,
  margins: Margins,
  detectedAtMs: number,
): Sifted {
  const last = new Map(ledger);
  const sifted: SiftedRecord[] = [];
  const recovered = { overlap: 0, sweep: 0 };
  const order = new FieldOrder();
  let duplicates = 0;
  for (const record of records) {
    const isShared = record.owner === null;
    if (isShared && stream.sharedRecords !== 'own' && progress.sharedMarks === null) continue;
    const apart = isShared ? progress.sharedMarks : null;
    const marks = apart ?? progress.marks;
    const version = versionOf(stream, record, order);
    const known = last.get(record.key);
    const olderIsNew = acceptsOlderStamps(marks, progress.window, margins);
    if (version.stampMs <= marks.floorMs || judge(version, known, olderIsNew) === 'seen') {
      duplicates += 1;
      continue;
    }
    // Not one that changed without a new stamp, nor one that was stamped by a clock that had been set back.
    if (!olderIsNew && known?.stampMs !== version.stampMs && wasPassedBy(marks, version.stampMs)) {
      recovered[version.stampMs > marks.watermarkMs - margins.overlapMs ? 'overlap' : 'sweep'] += 1;
    }
    last.set(record.key, version);
    const op = classify(record, known !== undefined, marks.floorMs);
    // Should another location take the shared records over in the middle of a window, it reads the window again from its start.
    const keepFromMs = apart === null ? ledgerFloor(marks, progress.window, margins) : marks.floorMs;
    sifted.push({
      ledgerKey: record.key,
      known: ledger.get(record.key) ?? null,
      remember: version.stampMs > keepFromMs ? version : null,
      event: stream.on.includes(op) ? toEvent(stream, record, version, op, detectedAtMs) : null,
    });
  }
  return { records: sifted, duplicates, recovered };
}

/** An earlier window had read up to this stamp. Before its first window is read a stream has passed nothing. */
function wasPassedBy({ originMs, watermarkMs }: Marks, atMs: number): boolean {
  return watermarkMs > originMs && atMs <= watermarkMs;
}
