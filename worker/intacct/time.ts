import { DateTime, FixedOffsetZone } from 'luxon';

/**
 * The stamps of Intacct. Literals of a query are `MM/DD/YYYY HH:MM:SS`; answers hold that form, plain dates, and ISO 8601 on
 * platform and custom objects (seen in recorded payloads). The zone of a stamp without one is undocumented, so it is a setting
 * of the connection: minutes east of UTC.
 */
export type ParsedStamp =
  | { readonly kind: 'instant'; readonly atMs: number }
  /** A date without a time of day; `atMs` is its first instant in the zone of the connection. */
  | { readonly kind: 'date'; readonly atMs: number }
  /** 1970-01-01 stands for "not known" on old rows. */
  | { readonly kind: 'unknown' };

const UNKNOWN: ParsedStamp = { kind: 'unknown' };
const MINUTE_MS = 60_000;
const SLASHED = /^(\d\d)\/(\d\d)\/(\d{4})(?: (\d\d):(\d\d):(\d\d))?$/;
// Gates what luxon may see: it would also take week dates, ordinal dates and 24:00.
const ISO =
  /^\d{4}-\d\d-\d\d(?<time>[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/** Undefined when the text is no stamp that Intacct sends, or a day that does not exist. */
export function parseStamp(text: string, zoneOffsetMinutes: number): ParsedStamp | undefined {
  const slashed = SLASHED.exec(text);
  return slashed === null ? parseIso(text, zoneOffsetMinutes) : fromParts(slashed, zoneOffsetMinutes);
}

/** Two stamps on each of 2,000 rows: plain arithmetic here, luxon for the rarer forms. */
function fromParts(parts: RegExpExecArray, zoneOffsetMinutes: number): ParsedStamp | undefined {
  const month = Number(parts[1]);
  const day = Number(parts[2]);
  const year = Number(parts[3]);
  const localMidnightMs = Date.UTC(year, month - 1, day);
  const date = new Date(localMidnightMs);
  // 02/30 rolls over to March, and Date.UTC takes years below 100 for the 1900s.
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1 || date.getUTCFullYear() !== year) return undefined;
  if (localMidnightMs === 0) return UNKNOWN;
  const midnightMs = localMidnightMs - zoneOffsetMinutes * MINUTE_MS;
  if (parts[4] === undefined) return { kind: 'date', atMs: midnightMs };
  const hour = Number(parts[4]);
  const minute = Number(parts[5]);
  const second = Number(parts[6]);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return { kind: 'instant', atMs: midnightMs + ((hour * 60 + minute) * 60 + second) * 1_000 };
}

function parseIso(text: string, zoneOffsetMinutes: number): ParsedStamp | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const hasTime = match.groups?.['time'] !== undefined;
  const parsed = DateTime.fromISO(text.replace(' ', 'T'), {
    zone: FixedOffsetZone.instance(zoneOffsetMinutes),
    setZone: true,
  });
  if (!parsed.isValid || parsed.year < 100) return undefined;
  if (parsed.year === 1970 && parsed.ordinal === 1) return UNKNOWN;
  return { kind: hasTime ? 'instant' : 'date', atMs: parsed.toMillis() };
}

/** The literal for a filter. Intacct compares whole seconds: a part of a second is cut off, towards the past. */
export function formatStamp(atMs: number, zoneOffsetMinutes: number): string {
  const local = DateTime.fromMillis(atMs, { zone: FixedOffsetZone.instance(zoneOffsetMinutes) });
  if (!local.isValid || local.year < 100 || local.year > 9999)
    throw new RangeError(`No stamp can be written for the instant ${atMs}`);
  return local.toFormat('MM/dd/yyyy HH:mm:ss', { locale: 'en-US', numberingSystem: 'latn' });
}

/** ISO 8601 to an instant; undefined unless it names a time of day and its own zone. For clocks, not for rows. */
export function parseServerStamp(text: string): number | undefined {
  if (!/(?:[Zz]|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const stamp = parseStamp(text, 0);
  return stamp?.kind === 'instant' ? stamp.atMs : undefined;
}
