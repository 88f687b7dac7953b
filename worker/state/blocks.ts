import type { Redis } from 'ioredis';
import type { Stream } from '../core/stream.js';
import { ATTEMPTS_BEFORE_PERMANENT } from '../intacct/classify.js';
import { type Refusal, refusalOf } from './block-info.js';
import type { Keys } from './keys.js';

/** What keeps one stream from being read. Times are of the clock of Redis, epoch milliseconds. */
export interface StreamTrouble {
  readonly blocked: StreamBlock | null;
  /** An operator wants it so. */
  readonly paused: boolean;
  /** Failures in a row, up to now. */
  readonly strikes: number;
}

export interface StreamBlock extends Refusal {
  readonly sinceMs: number;
  readonly probeAtMs: number;
  /** It is time to ask once more, by the clock of Redis. */
  readonly probeDue: boolean;
}

/**
 * Streams that Intacct refuses, each by itself. A refused stream is asked for again once an hour and goes on by itself when that
 * goes well. Counted in Redis, so that restarts and other processes neither forget a block nor start counting anew.
 *
 * A strike whose answer is lost may count twice.
 */
export interface Blocks {
  /** In the order of the streams, in one round trip. Throws when it could not look. */
  load(streams: readonly Stream[]): Promise<readonly StreamTrouble[]>;
  /** Intacct refuses the stream: it is blocked from now on, or still. */
  recordRefusal(stream: Stream, refusal: Refusal): Promise<void>;
  /** An error that may pass: it blocks the stream when it comes too often in a row. Answers whether it is blocked. */
  strike(stream: Stream, refusal: Refusal): Promise<boolean>;
  /** It went well. Writes only when there is something to forget, as far as the last look told. */
  cleared(stream: Stream): Promise<void>;
  /** An operator's. */
  pause(stream: Stream): Promise<void>;
  /** An operator's: ends a pause and a block. */
  resume(stream: Stream): Promise<void>;
}

export interface BlocksOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Milliseconds. */
  readonly probeEveryMs?: number;
  readonly strikesToBlock?: number;
}

const NO_TROUBLE: StreamTrouble = { blocked: null, paused: false, strikes: 0 };

const NOW = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
`;

/**
 * KEYS  1 trouble of a stream
 * ARGV  1 how many in a row make a block, 2 code, 3 message, 4 advice, 5 Sage's words
 * Reply 1 when the stream is blocked
 */
const STRIKE = `${NOW}
local strikes = redis.call('HINCRBY', KEYS[1], 'strikes', 1)
redis.call('HSET', KEYS[1], 'lastMs', now, 'code', ARGV[2], 'message', ARGV[3], 'advice', ARGV[4], 'sageText', ARGV[5])
if strikes >= tonumber(ARGV[1]) then redis.call('HSETNX', KEYS[1], 'sinceMs', now) end
return redis.call('HEXISTS', KEYS[1], 'sinceMs')
`;
const TROUBLE_FIELDS = ['strikes', 'lastMs', 'code', 'message', 'advice', 'sageText', 'sinceMs'];
const PAUSE = `${NOW} return redis.call('HSETNX', KEYS[1], 'pausedAtMs', now)`;

export function createBlocks(options: BlocksOptions): Blocks {
  const { redis, keys, probeEveryMs = 3_600_000, strikesToBlock = ATTEMPTS_BEFORE_PERMANENT } = options;
  const keyOf = ({ connection, location, object }: Stream) => keys.trouble(connection, location, object);
  /** Where the last look found nothing to forget. Only who runs a stream adds to it, and looks before. */
  const clean = new Set<string>();

  const strike = async (stream: Stream, refusal: Refusal, enough: number): Promise<boolean> => {
    const key = keyOf(stream);
    clean.delete(key);
    const { code, message, advice, sageText } = refusalOf(refusal);
    return (await redis.eval(STRIKE, 1, key, enough, code, message, advice, sageText)) === 1;
  };

  return {
    async load(streams) {
      if (streams.length === 0) return [];
      const pipeline = redis.pipeline().time();
      for (const stream of streams) pipeline.hgetall(keyOf(stream));
      const [time, ...replies] = (await pipeline.exec()) ?? [];
      if (time === undefined || time[0] !== null) throw time?.[0] ?? new Error('Redis gave no answer');
      const [seconds, microseconds] = time[1] as [string, string];
      const nowMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);

      return streams.map((stream, index): StreamTrouble => {
        const key = keyOf(stream);
        const [error, reply] = replies[index] ?? [new Error('Redis gave no answer'), null];
        if (error?.message.startsWith('WRONGTYPE')) return corrupt(key);
        if (error !== null) throw error;
        const fields = reply as Readonly<Record<string, string>>;
        if (fields['strikes'] === undefined) clean.add(key);
        else clean.delete(key);
        return decode(fields, nowMs, probeEveryMs);
      });
    },
    async recordRefusal(stream, refusal) {
      await strike(stream, refusal, 1);
    },
    strike: (stream, refusal) => strike(stream, refusal, strikesToBlock),
    async cleared(stream) {
      const key = keyOf(stream);
      if (clean.has(key)) return;
      await redis.hdel(key, ...TROUBLE_FIELDS);
      clean.add(key);
    },
    async pause(stream) {
      await redis.eval(PAUSE, 1, keyOf(stream));
    },
    async resume(stream) {
      await redis.del(keyOf(stream));
    },
  };
}

function decode(fields: Readonly<Record<string, string>>, nowMs: number, probeEveryMs: number): StreamTrouble {
  const { strikes, lastMs, sinceMs, pausedAtMs, code = 'UNKNOWN', message = '', advice = '', sageText = '' } = fields;
  if (strikes === undefined && pausedAtMs === undefined) return NO_TROUBLE;
  const probeAtMs = instant(lastMs) + probeEveryMs;
  // Further ahead than ever written: the clock of Redis was set back.
  const probeDue = nowMs >= probeAtMs || probeAtMs > nowMs + probeEveryMs;
  return {
    blocked:
      sinceMs === undefined
        ? null
        : { code, message, advice, sageText, sinceMs: instant(sinceMs), probeAtMs, probeDue },
    paused: pausedAtMs !== undefined,
    strikes: instant(strikes),
  };
}

/** One damaged key must not stop the other streams. */
function corrupt(key: string): StreamTrouble {
  const blocked = {
    code: 'STATE_CORRUPT',
    message: `The key ${key} holds something that is not the trouble of a stream`,
    advice: `Remove the key ${key}, or resume the stream.`,
    sageText: '',
    sinceMs: 0,
    probeAtMs: Number.MAX_SAFE_INTEGER,
    probeDue: false,
  };
  return { blocked, paused: false, strikes: 0 };
}

function instant(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
