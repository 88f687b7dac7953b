import type { Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { OBJECTS, type Written } from './author.js';

/** A queue, which records its connection sees, and where it keeps how far it has come with one of them. */
export interface Audience {
  readonly queue: string;
  readonly connection: string;
  readonly locations: 'all' | readonly string[];
}

export const AUDIENCES: readonly Audience[] = [
  { queue: 'everything', connection: 'whole', locations: 'all' },
  { queue: 'by-entity', connection: 'entities', locations: ['100-US', '200-UK'] },
];

/** Whether the version is for this audience. */
export function isFor({ locations }: Audience, { record }: Written): boolean {
  return locations === 'all' || record.entity === null || locations.includes(record.entity);
}

type Mark = 'watermarkMs' | 'sweptMs';

interface Sample {
  /** The marks stood there at this time at the latest. */
  readonly atMs: number;
  readonly watermarkMs: number;
  readonly sweptMs: number;
}

/** Looks at the marks of all streams again and again: what they claimed, and when. */
export class MarksWatch {
  /** Marks that were seen to move back. */
  readonly setbacks: string[] = [];
  readonly #keys: Keys;
  readonly #redis: Redis;
  readonly #samples: ReadonlyMap<string, Sample[]>;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#keys = new Keys(prefix);
    const ofAudience = ({ connection, locations }: Audience) =>
      OBJECTS.flatMap((object) =>
        locations === 'all'
          ? [this.#keys.state(connection, null, object)]
          : [
              this.#keys.shared(connection, object),
              ...locations.map((location) => this.#keys.state(connection, location, object)),
            ],
      );
    this.#samples = new Map(AUDIENCES.flatMap(ofAudience).map((key) => [key, []]));
  }

  async look(): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const key of this.#samples.keys()) pipeline.hmget(key, 'watermarkMs', 'sweptMs');
    const replies = (await pipeline.exec()) ?? [];
    const atMs = Date.now();
    for (const [index, [key, samples]] of [...this.#samples].entries()) {
      const [error, reply] = replies[index] ?? [null, []];
      const [watermark, swept] = reply as (string | null)[];
      if (error !== null || watermark === null || watermark === undefined) continue;
      const sample = { atMs, watermarkMs: Number(watermark), sweptMs: Number(swept) };
      const last = samples.at(-1);
      if (last !== undefined && (sample.watermarkMs < last.watermarkMs || sample.sweptMs < last.sweptMs))
        this.setbacks.push(`${key} went from ${JSON.stringify(last)} to ${JSON.stringify(sample)}`);
      if (sample.watermarkMs !== last?.watermarkMs || sample.sweptMs !== last.sweptMs) samples.push(sample);
    }
  }

  /** The mark that is behind all others; minus infinity where a stream has none yet. */
  lowest(mark: Mark): number {
    return Math.min(
      ...[...this.#samples.values()].map((samples) => samples.at(-1)?.[mark] ?? Number.NEGATIVE_INFINITY),
    );
  }

  /**
   * Whether the version stayed current until its stream had said that it was read: by the watermark, or, where readers saw it late, by
   * a sweep that began when they did. Then it must have been delivered; what was replaced before may have been merged.
   */
  hadToBeRead(audience: Audience, { record, stampMs, isLate, visibleAtMs, replacedAtMs }: Written): boolean {
    if (replacedAtMs === Number.POSITIVE_INFINITY) return true;
    if (replacedAtMs <= visibleAtMs) return false;
    const samples = this.#samples.get(this.#keyOf(audience, record.object, record.entity)) ?? [];
    const claim = samples.find(({ watermarkMs, sweptMs }) =>
      isLate ? sweptMs >= visibleAtMs : watermarkMs >= stampMs,
    );
    return claim !== undefined && claim.atMs < replacedAtMs;
  }

  #keyOf({ connection, locations }: Audience, object: string, entity: string | null): string {
    if (locations === 'all') return this.#keys.state(connection, null, object);
    if (entity === null) return this.#keys.shared(connection, object);
    return this.#keys.state(connection, entity, object);
  }
}
