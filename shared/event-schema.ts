import { z } from 'zod';
import type { TriggerEvent } from './event.js';

const text = z.string().min(1);
const instant = z.iso.datetime({ offset: true });

/** Unknown fields pass everywhere: a newer worker may add some. */
const eventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: text,
  source: text,
  type: text,
  subject: text,
  time: instant,
  datacontenttype: z.literal('application/json'),
  data: z.looseObject({
    connection: text,
    companyId: text,
    location: z.string().nullable(),
    object: text,
    op: z.enum(['created', 'updated']),
    key: text,
    modifiedAt: instant.nullable(),
    createdAt: instant.nullable(),
    detectedAt: instant,
    record: z.custom<Record<string, string | null>>(isRecordOfText, 'expected an object of texts and nulls'),
  }),
}) satisfies z.ZodType<TriggerEvent>;

/** Says which parts of an event are wrong, never what they held: records are financial data and job errors are stored. */
export class InvalidEventError extends Error {
  readonly code = 'INVALID_EVENT';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Not a trigger event: ${problems.join('; ')}`);
    this.name = 'InvalidEventError';
    this.problems = problems;
  }
}

/**
 * Checks the data of a job and gives it back untouched (not a copy: a field called `__proto__` would be lost in one).
 *
 * @throws {InvalidEventError} when it is not an event.
 */
export function parseTriggerEvent(value: unknown): TriggerEvent {
  const result = eventSchema.safeParse(value);
  if (!result.success) {
    throw new InvalidEventError(result.error.issues.map(describeIssue));
  }
  return value as TriggerEvent;
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${path.length === 0 ? 'event' : path.join('.')}: ${message}`;
}

function isRecordOfText(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((field) => field === null || typeof field === 'string')
  );
}
