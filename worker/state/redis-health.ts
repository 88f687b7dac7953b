import type { Redis } from 'ioredis';

/** Null for what this Redis does not tell, as managed ones often do not. */
export interface RedisHealth {
  /** 0 to 1 (above when over the limit). */
  readonly memoryUsedRatio: number | null;
  /** It keeps an append-only file, and what it wrote last went well. */
  readonly persistenceOk: boolean | null;
  /** It may throw keys away when memory is short, and with them jobs and watermarks. */
  readonly evicts: boolean | null;
}

/** Needs the right to INFO and no other. Throws when it could not look. */
export async function readRedisHealth(redis: Redis): Promise<RedisHealth> {
  const [memory, persistence] = await Promise.all([redis.info('memory'), redis.info('persistence')]);
  const fields = new Map(
    `${memory}\n${persistence}`.split(/\r?\n/).flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
  return { memoryUsedRatio: memoryUsedRatio(fields), persistenceOk: persistenceOk(fields), evicts: evicts(fields) };
}

type Fields = ReadonlyMap<string, string>;

/** Without a limit of its own Redis takes what the machine has, until the kernel kills it. */
function memoryUsedRatio(fields: Fields): number | null {
  const usedBytes = Number(fields.get('used_memory') ?? Number.NaN);
  const mostBytes = Number(fields.get('maxmemory') ?? 0) || Number(fields.get('total_system_memory') ?? 0);
  return mostBytes > 0 && Number.isFinite(usedBytes) ? usedBytes / mostBytes : null;
}

function persistenceOk(fields: Fields): boolean | null {
  const isOn = fields.get('aof_enabled');
  if (isOn === undefined) return null;
  const statuses = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'];
  return isOn === '1' && statuses.every((name) => (fields.get(name) ?? 'ok') === 'ok');
}

function evicts(fields: Fields): boolean | null {
  const policy = fields.get('maxmemory_policy');
  return policy === undefined ? null : policy !== 'noeviction';
}
