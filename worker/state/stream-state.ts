import type { Lane, Marks, Scan, StreamState } from '../core/marks.js';

/** What Redis holds for a stream cannot be what this worker wrote. It refuses to run rather than guess, and overwrites nothing. */
export class CorruptStateError extends Error {
  readonly code = 'STATE_CORRUPT';
  override readonly name = 'CorruptStateError';
}

type Fields = Readonly<Record<string, string>>;

/** Flat list of fields and values for HSET. A finished scan is the empty text, since HSET cannot remove a field. */
export function encodeState(state: StreamState): string[] {
  return [...encodeMarks(state.commitNo, state.marks), 'scan', state.scan === null ? '' : JSON.stringify(state.scan)];
}

export function encodeMarks(commitNo: number, marks: Marks): string[] {
  const { originMs, watermarkMs, sweptMs, floorMs, setBackMs } = marks;
  const fields = { commitNo, originMs, watermarkMs, sweptMs, floorMs, setBackMs: setBackMs ?? '' };
  return Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
}

/** Null for a key that is not there: the stream has never run. Throws CorruptStateError. */
export function decodeState(key: string, fields: Fields): StreamState | null {
  const numbered = decodeMarks(key, fields);
  return numbered === null ? null : { ...numbered, scan: decodeScan(key, fields['scan'] ?? '') };
}

/** As decodeState, for the marks of shared records. */
export function decodeMarks(key: string, fields: Fields): { commitNo: number; marks: Marks } | null {
  if (Object.keys(fields).length === 0) return null;
  const whole = (name: string): number => wholeNumber(fields[name]) ?? corrupt(key, name);
  const marks: Marks = {
    originMs: whole('originMs'),
    watermarkMs: whole('watermarkMs'),
    sweptMs: whole('sweptMs'),
    floorMs: whole('floorMs'),
    setBackMs: (fields['setBackMs'] ?? '') === '' ? null : whole('setBackMs'),
  };
  if (marks.originMs > marks.watermarkMs || marks.sweptMs > marks.watermarkMs) corrupt(key, 'watermarkMs');
  return { commitNo: whole('commitNo'), marks };
}

function decodeScan(key: string, text: string): Scan | null {
  if (text === '') return null;
  const scan = parseJson(text);
  if (typeof scan !== 'object' || scan === null) return corrupt(key, 'scan');
  const { loMs, hiMs, sweep, withShared, lane, fromMs, tieAfterKey } = scan as Record<keyof Scan, unknown>;
  const sound =
    isInstant(loMs) &&
    isInstant(hiMs) &&
    isInstant(fromMs) &&
    loMs <= fromMs &&
    fromMs <= hiMs &&
    typeof sweep === 'boolean' &&
    typeof withShared === 'boolean' &&
    isLane(lane) &&
    (tieAfterKey === null || typeof tieAfterKey === 'string');
  return sound ? { loMs, hiMs, sweep, withShared, lane, fromMs, tieAfterKey } : corrupt(key, 'scan');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isLane(value: unknown): value is Lane {
  return value === 'modified' || value === 'unmodified';
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function corrupt(key: string, field: string): never {
  throw new CorruptStateError(
    `The saved state ${key} cannot be read at "${field}". The stream does not run until the key is put right, or deleted to start afresh`,
  );
}
