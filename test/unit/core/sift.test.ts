import { describe, expect, test } from '@jest/globals';
import { decodeVersion, encodeVersion, type Ledger } from '../../../worker/core/ledger.js';
import { type Progress, resume } from '../../../worker/core/progress.js';
import { type IntacctRecord, readRow, versionOf } from '../../../worker/core/record.js';
import { sift } from '../../../worker/core/sift.js';
import { aStream, MARGINS, MIDNIGHT_MS, marksAt } from '../../support/streams.js';

const stream = aStream();
const NOW_MS = MIDNIGHT_MS + 60_000;
const progress: Progress = resume(stream, { marks: marksAt(MIDNIGHT_MS), scan: null }, null, NOW_MS, MARGINS);

function aRecord(changes: Partial<IntacctRecord> = {}): IntacctRecord {
  return {
    key: '1',
    modifiedAtMs: MIDNIGHT_MS,
    createdAtMs: MIDNIGHT_MS - 1_000,
    owner: null,
    row: { RECORDNO: '1', NAME: 'Acme' },
    ...changes,
  };
}

function remembering(record: IntacctRecord): Ledger {
  return new Map([[record.key, versionOf(stream, record)]]);
}

const siftOne = (record: IntacctRecord, ledger: Ledger = new Map()) =>
  sift(stream, progress, [record], ledger, MARGINS, NOW_MS).records[0]?.event ?? null;

describe('sift', () => {
  test('emits nothing when the same version is read again', () => {
    expect(siftOne(aRecord(), remembering(aRecord()))).toBeNull();
  });

  test('emits a second edit within the same second', () => {
    const edited = aRecord({ row: { RECORDNO: '1', NAME: 'Acme Ltd' } });
    expect(siftOne(edited, remembering(aRecord()))?.data.op).toBe('updated');
  });

  test('emits nothing when a replica that lags behind shows an older version', () => {
    const older = aRecord({ modifiedAtMs: MIDNIGHT_MS - 5_000, row: { RECORDNO: '1', NAME: 'Before' } });
    expect(siftOne(older, remembering(aRecord()))).toBeNull();
  });

  test('emits a version once that stands on a page twice', () => {
    const { records, duplicates } = sift(stream, progress, [aRecord(), aRecord()], new Map(), MARGINS, NOW_MS);
    expect(records).toHaveLength(1);
    expect(duplicates).toBe(1);
  });

  test('calls a record created only if it was created above the floor and never emitted', () => {
    expect(siftOne(aRecord())?.data.op).toBe('created');
    expect(siftOne(aRecord({ createdAtMs: progress.marks.floorMs }))?.data.op).toBe('updated');
    expect(siftOne(aRecord({ createdAtMs: null }))?.data.op).toBe('updated');
    const untouched = aRecord({ modifiedAtMs: null });
    expect(siftOne(untouched)?.data.op).toBe('created');
    expect(siftOne(aRecord(), remembering(untouched))?.data.op).toBe('updated');
  });

  test('remembers what the trigger does not want, so that a later change is still an update', () => {
    const updatesOnly = aStream({ on: ['updated'] });
    const { records } = sift(updatesOnly, progress, [aRecord()], new Map(), MARGINS, NOW_MS);
    expect(records).toEqual([expect.objectContaining({ event: null, remember: versionOf(stream, aRecord()) })]);
  });

  describe('counts what an earlier window had missed', () => {
    const recoveredOf = (record: IntacctRecord, ledger: Ledger = new Map(), at: Progress = progress) =>
      sift(stream, at, [record], ledger, MARGINS, NOW_MS).recovered;
    const missed = (ageMs: number) => aRecord({ modifiedAtMs: MIDNIGHT_MS - ageMs });
    const NOTHING = { overlap: 0, sweep: 0 };

    test('by the margin that it took to find it', () => {
      expect(recoveredOf(missed(0))).toEqual({ overlap: 1, sweep: 0 });
      expect(recoveredOf(missed(MARGINS.overlapMs - 1_000))).toEqual({ overlap: 1, sweep: 0 });
      expect(recoveredOf(missed(MARGINS.overlapMs))).toEqual({ overlap: 0, sweep: 1 });
    });

    test('and neither news, nor what was seen before, nor what changed without a new stamp', () => {
      const edited = aRecord({ row: { RECORDNO: '1', NAME: 'Acme Ltd' } });
      expect(recoveredOf(aRecord({ modifiedAtMs: MIDNIGHT_MS + 1_000 }))).toEqual(NOTHING);
      expect(recoveredOf(aRecord(), remembering(aRecord()))).toEqual(NOTHING);
      expect(recoveredOf(edited, remembering(aRecord()))).toEqual(NOTHING);
    });

    test('and nothing in the first window of a stream, nor while a clock that was set back stamps behind it', () => {
      const first = resume(stream, null, null, NOW_MS, MARGINS);
      const setBack = { ...progress, marks: { ...progress.marks, setBackMs: MIDNIGHT_MS } };
      expect(recoveredOf(missed(1_000), new Map(), first)).toEqual(NOTHING);
      expect(recoveredOf(missed(1_000), new Map(), setBack)).toEqual(NOTHING);
    });
  });

  test('leaves shared records to the first location, which emits them once', () => {
    const later = aStream({ location: '200-UK', sharedRecords: 'skip' });
    expect(sift(later, progress, [aRecord()], new Map(), MARGINS, NOW_MS).records).toEqual([]);
    const own = aRecord({ owner: '200-UK' });
    expect(sift(later, progress, [own], new Map(), MARGINS, NOW_MS).records).toHaveLength(1);
  });

  test('does not take a computed field for a new version when it is told to ignore it', () => {
    const ignoring = aStream({ ignoreFields: ['TOTALDUE'] });
    const [before, after] = ['1.00', '2.00'].map((TOTALDUE) => aRecord({ row: { RECORDNO: '1', TOTALDUE } }));
    if (before === undefined || after === undefined) throw new Error('unreachable');
    expect(versionOf(ignoring, before)).toEqual(versionOf(ignoring, after));
    expect(versionOf(stream, before)).not.toEqual(versionOf(stream, after));
  });

  test('does not take a field that an administrator has just added for a new version of every record', () => {
    const widened = aRecord({ row: { NAME: 'Acme', RECORDNO: '1', CUSTOM_FIELD: null } });
    expect(versionOf(stream, widened)).toEqual(versionOf(stream, aRecord()));
  });

  test('writes a version so that it can be read again', () => {
    const version = versionOf(stream, aRecord());
    expect(decodeVersion(encodeVersion(version))).toEqual(version);
    expect(decodeVersion('nonsense')).toBeUndefined();
  });

  test('gives the same event id on every replay and another to every version', () => {
    const ids = [aRecord(), aRecord(), aRecord({ modifiedAtMs: MIDNIGHT_MS + 1_000 }), aRecord({ key: '2' })].map(
      (record) => siftOne(record)?.id ?? '',
    );
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^e[0-9a-f]{31}$/);
  });
});

describe('row', () => {
  const parse = (text: string | null) => (text === null ? null : /^\d+$/.test(text) ? Number(text) : undefined);
  const reasonOf = (row: Record<string, string | null>) => {
    const read = readRow(stream, row, parse);
    return 'rejected' in read ? read.rejected.reason : null;
  };

  test.each([
    ['has no key', { RECORDNO: null, WHENMODIFIED: '5' }, 'missing_key'],
    ['has a blank key', { RECORDNO: ' ', WHENMODIFIED: '5' }, 'missing_key'],
    ['has a modified time that is none', { RECORDNO: '1', WHENMODIFIED: '02/30/2026' }, 'unreadable_modified_time'],
    [
      'has a created time that is none',
      { RECORDNO: '1', WHENMODIFIED: '5', WHENCREATED: 'x' },
      'unreadable_created_time',
    ],
    ['has no time at all', { RECORDNO: '1', WHENMODIFIED: null, WHENCREATED: null }, 'missing_time'],
  ])('is rejected with a reason when it %s', (_what, row, reason) => {
    expect(reasonOf(row)).toBe(reason);
  });

  test('keeps its key as text', () => {
    const read = readRow(stream, { RECORDNO: '00123', WHENMODIFIED: '5' }, parse);
    expect('record' in read && read.record.key).toBe('00123');
  });
});
