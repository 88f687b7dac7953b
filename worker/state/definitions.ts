import type { Redis } from 'ioredis';
import type { Definitions } from '../field-plans.js';
import type { Keys } from './keys.js';

export interface DefinitionsOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly connection: string;
  /** How long a list of fields is gone by, milliseconds. */
  readonly liveMs: number;
}

/**
 * KEYS  1 fields of an object
 * ARGV  1 JSON list, 2 how long it lives, milliseconds
 * Reply {the list that holds now, what is left of its life}
 */
const SHARE = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX')
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
`;
const LOOK = `return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`;

/**
 * Field lists that all processes go by at the same time. A process that knew of a new field before another would see other versions of
 * the same records, and the two would enqueue them in turns.
 */
export function createDefinitions({ redis, keys, connection, liveMs }: DefinitionsOptions): Definitions {
  return {
    async read(object) {
      return decode(await redis.eval(LOOK, 1, keys.fields(connection, object)));
    },
    async share(object, fields) {
      const shared = decode(
        await redis.eval(SHARE, 1, keys.fields(connection, object), JSON.stringify(fields), liveMs),
      );
      return shared ?? { fields, livesMs: 0 };
    },
  };
}

function decode(reply: unknown): { fields: readonly string[]; livesMs: number } | null {
  const [text, livesMs] = reply as [string | null, number];
  if (text === null) return null;
  const fields: unknown = JSON.parse(text);
  return Array.isArray(fields) ? { fields: fields.map(String), livesMs } : null;
}
