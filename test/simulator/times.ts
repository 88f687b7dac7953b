/**
 * The time formats that Sage documents for XML Web Services. Answers and literals are `MM/DD/YYYY HH:MM:SS` (24 hours, whole
 * seconds) and `MM/DD/YYYY`; Platform Services objects answer in ISO. Written without a date library on purpose: the worker under
 * test uses one, and a fault shared by both sides would stay unseen.
 */
const STAMP = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d)$/;
const DATE = /^(\d\d)\/(\d\d)\/(\d{4})$/;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** The company shows its times in one fixed zone; zero means UTC. */
export interface Zone {
  readonly offsetMinutes: number;
}

export function floorToSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

export function formatStamp(atMs: number, zone: Zone): string {
  const local = new Date(atMs + zone.offsetMinutes * 60_000);
  return `${formatDate(atMs, zone)} ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}

export function formatDate(atMs: number, zone: Zone): string {
  const local = new Date(atMs + zone.offsetMinutes * 60_000);
  return `${two(local.getUTCMonth() + 1)}/${two(local.getUTCDate())}/${String(local.getUTCFullYear()).padStart(4, '0')}`;
}

/** Platform Services objects and `sessiontimestamp`: ISO 8601, whole seconds, with an offset. */
export function formatIso(atMs: number, zone: Zone): string {
  const minutes = Math.abs(zone.offsetMinutes);
  const sign = zone.offsetMinutes < 0 ? '-' : '+';
  const local = new Date(atMs + zone.offsetMinutes * 60_000).toISOString().slice(0, 19);
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Undefined when the text is not a calendar-valid `MM/DD/YYYY HH:MM:SS`. */
export function parseStamp(text: string, zone: Zone): number | undefined {
  const parts = STAMP.exec(text);
  if (parts === null) return undefined;
  const day = dayMs(Number(parts[3]), Number(parts[1]), Number(parts[2]));
  const [hours, minutes, seconds] = [Number(parts[4]), Number(parts[5]), Number(parts[6])];
  if (day === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return day + ((hours * 60 + minutes) * 60 + seconds) * 1000 - zone.offsetMinutes * 60_000;
}

/** Undefined when the text is not a calendar-valid `MM/DD/YYYY`. The instant is midnight in the company's zone. */
export function parseDate(text: string, zone: Zone): number | undefined {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const day = dayMs(Number(parts[3]), Number(parts[1]), Number(parts[2]));
  return day === undefined ? undefined : day - zone.offsetMinutes * 60_000;
}

function dayMs(year: number, month: number, day: number): number | undefined {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  const exists = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
  return exists ? at.getTime() : undefined;
}
