import type { Written } from './author.js';
import { AUDIENCES, type Audience, isFor, type MarksWatch } from './marks-watch.js';
import type { Receipt, Receipts } from './receipts.js';

/** What one queue should have got, and has got. */
export interface Count {
  readonly queue: string;
  /** Versions that the company wrote for it. */
  readonly written: number;
  /** Of those, the ones that stayed current until they had to be read. */
  readonly due: number;
  readonly delivered: number;
  /** Replaced before anybody had to read them, and not delivered. */
  readonly merged: number;
  readonly missing: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly wrongOp: number;
}

/** Counts every version against what was delivered of it; what is wrong goes to the receipts' problems, one sentence each. */
export function judge(receipts: Receipts, marks: MarksWatch): readonly Count[] {
  for (const setback of marks.setbacks) receipts.complain(`Marks moved back: ${setback}`);
  return AUDIENCES.map((audience) => count(audience, receipts, marks));
}

function count(audience: Audience, receipts: Receipts, marks: MarksWatch): Count {
  const { queue } = audience;
  const got = receipts.of(queue);
  const times = new Map<number, number>();
  for (const { written } of got) times.set(written.serial, (times.get(written.serial) ?? 0) + 1);

  const written = receipts.versions.filter((version) => isFor(audience, version));
  const due = written.filter((version) => marks.hadToBeRead(audience, version));
  const missing = due.filter(({ serial }) => !times.has(serial));
  const twice = written.filter(({ serial }) => (times.get(serial) ?? 0) > 1);
  for (const version of missing) receipts.complain(`${queue}: lost ${describe(version)}`);
  for (const version of twice) receipts.complain(`${queue}: ${times.get(version.serial)} times ${describe(version)}`);
  for (const { written: version } of got) {
    if (!isFor(audience, version)) receipts.complain(`${queue}: not for it, ${describe(version)}`);
  }
  return {
    queue,
    written: written.length,
    due: due.length,
    delivered: got.length,
    merged: written.length - times.size - missing.length,
    missing: missing.length,
    twice: twice.length,
    ...judgeRecords(queue, got, receipts),
  };
}

/** Record by record: newer versions after older ones, and a creation first where the record is new. */
function judgeRecords(
  queue: string,
  got: readonly Receipt[],
  receipts: Receipts,
): Pick<Count, 'outOfOrder' | 'wrongOp'> {
  const last = new Map<string, Receipt>();
  let outOfOrder = 0;
  let wrongOp = 0;
  for (const receipt of got) {
    const { written, event } = receipt;
    const before = last.get(event.subject);
    if (before !== undefined && before.written.serial > written.serial) {
      outOfOrder += 1;
      receipts.complain(`${queue}: after version ${before.written.serial} came ${describe(written)}`);
    }
    const op = before === undefined && written.createdHere ? 'created' : 'updated';
    if (event.data.op !== op && before?.written.serial !== written.serial) {
      wrongOp += 1;
      receipts.complain(`${queue}: ${event.data.op} instead of ${op}, ${describe(written)}`);
    }
    last.set(event.subject, receipt);
  }
  return { outOfOrder, wrongOp };
}

function describe({ serial, record, stampMs, visibleAtMs, isLate, replacedAtMs }: Written): string {
  const { object, key, entity } = record;
  const at = (ms: number) => new Date(ms).toISOString().slice(11, 23);
  const seen = isLate ? `, visible ${at(visibleAtMs)}` : '';
  const end = replacedAtMs === Number.POSITIVE_INFINITY ? '' : `, replaced ${at(replacedAtMs)}`;
  return `version ${serial} of ${object}/${key} (${entity ?? 'shared'}, stamped ${at(stampMs)}${seen}${end})`;
}
