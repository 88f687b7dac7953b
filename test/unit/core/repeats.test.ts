import { expect, test } from '@jest/globals';
import type { Ledger } from '../../../worker/core/ledger.js';
import { resume } from '../../../worker/core/progress.js';
import { type IntacctRecord, versionOf } from '../../../worker/core/record.js';
import { sift } from '../../../worker/core/sift.js';
import { aStream, MARGINS, MIDNIGHT_MS, marksAt } from '../../support/streams.js';

test('one version read a thousand times, in a thousand windows or on one page, is one event', () => {
  const stream = aStream();
  const record: IntacctRecord = {
    key: '1',
    modifiedAtMs: MIDNIGHT_MS,
    createdAtMs: MIDNIGHT_MS - 1_000,
    owner: null,
    row: { RECORDNO: '1', NAME: 'Acme' },
  };
  const ledger: Map<string, ReturnType<typeof versionOf>> = new Map();
  const eventsOf = (records: readonly IntacctRecord[], known: Ledger) => {
    const progress = resume(stream, { marks: marksAt(MIDNIGHT_MS), scan: null }, null, MIDNIGHT_MS + 60_000, MARGINS);
    return sift(stream, progress, records, known, MARGINS, MIDNIGHT_MS + 60_000).records.length;
  };
  const onOnePage = eventsOf(
    Array.from({ length: 1_000 }, () => record),
    new Map(),
  );
  let inManyWindows = 0;
  for (let window = 0; window < 1_000; window += 1) {
    inManyWindows += eventsOf([record], ledger);
    ledger.set(record.key, versionOf(stream, record));
  }

  expect([onOnePage, inManyWindows]).toEqual([1, 1]);
});
