import { OWNER_FIELD } from './core/record.js';
import type { Stream } from './core/stream.js';
import type { ObjectDefinition } from './intacct/query.js';
import type { FieldPlans } from './tick-tools.js';

/** An administrator can add a custom field at any time; that long it may take until it is read. */
export const DEFINITION_LIVES_MS = 30 * 60_000;

/** Field lists shared by all processes. */
export interface Definitions {
  /** Null when none is gone by at present. */
  read(object: string): Promise<Definition | null>;
  /** Offers a list; answers the one that holds. */
  share(object: string, fields: readonly string[]): Promise<Definition>;
}

export interface Definition {
  readonly fields: readonly string[];
  /** What is left of its life. */
  readonly livesMs: number;
}

export interface FieldPlansOptions {
  lookup(location: string | null, object: string, signal: AbortSignal): Promise<ObjectDefinition>;
  readonly definitions: Definitions;
  readonly monotonicNowMs: () => number;
  /** Told once per object when fields have to be left out. */
  readonly onDropped: (stream: Stream, fields: readonly string[]) => void;
}

/**
 * What to select, per connection: Intacct has no `*`. `all` asks `lookup`, which also lists fields that `query` then refuses; those
 * are named in the refusal, and left out from then on.
 */
export function createFieldPlans({ lookup, definitions, monotonicNowMs, onDropped }: FieldPlansOptions): FieldPlans {
  const known = new Map<string, { readonly fields: readonly string[]; readonly untilMs: number }>();
  const dropped = new Map<string, Set<string>>();

  const defined = async ({ location, object }: Stream, signal: AbortSignal): Promise<readonly string[]> => {
    const current = known.get(object);
    if (current !== undefined && monotonicNowMs() < current.untilMs) return current.fields;
    const shared = (await definitions.read(object)) ?? (await lookUp(location, object, signal));
    known.set(object, { fields: shared.fields, untilMs: monotonicNowMs() + shared.livesMs });
    return shared.fields;
  };
  const lookUp = async (location: string | null, object: string, signal: AbortSignal): Promise<Definition> => {
    const { fields } = await lookup(location, object, signal);
    return definitions.share(
      object,
      fields.map((field) => field.id),
    );
  };

  return {
    async select(stream, signal) {
      const wanted = stream.fields === 'all' ? await defined(stream, signal) : [...stream.fields, OWNER_FIELD];
      const without = dropped.get(stream.object);
      return [...new Set([...indispensable(stream), ...wanted])].filter((field) => without?.has(field) !== true);
    },

    drop(stream, fields, asked) {
      const wereAsked = fields.some((field) => asked.includes(field));
      if (!wereAsked || fields.some((field) => indispensable(stream).includes(field))) return false;
      const without = dropped.get(stream.object) ?? new Set();
      // Another location may have been told the same in the meantime: then there is nothing new, but asking again is right.
      const news = fields.filter((field) => !without.has(field));
      dropped.set(stream.object, new Set([...without, ...news]));
      if (news.length > 0) onDropped(stream, news);
      return true;
    },
  };
}

function indispensable({ keyField, modifiedField, createdField }: Stream): readonly string[] {
  return [keyField, modifiedField, ...(createdField === null ? [] : [createdField])];
}
