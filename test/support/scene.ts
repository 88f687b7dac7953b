import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_EVENTS_QUEUE, parseTriggerEvent } from '../../shared/index.js';
import { POLLS_QUEUE } from '../../shared/queues.js';
import { Keys } from '../../worker/state/keys.js';
import { Collector } from '../soak/collector.js';
import { Stage } from './stage.js';
import { until } from './until.js';
import type { Environment } from './worker-process.js';

/** A stage with a consumer that forgets jobs at once, so that no job id protects from a second one. */
export class Scene {
  readonly stage: Stage;
  /** Record and name of every event, as they came. */
  readonly delivered: string[] = [];
  readonly #collector: Collector;
  readonly #folder = mkdtempSync(join(tmpdir(), 'scene-'));
  #files = 0;

  private constructor(stage: Stage) {
    this.stage = stage;
    this.#collector = new Collector({
      redis: stage.redis,
      prefix: stage.prefix,
      queues: [DEFAULT_EVENTS_QUEUE],
      onDelivery: ({ data }) => {
        const event = parseTriggerEvent(JSON.parse(data));
        this.delivered.push(`${event.subject} ${event.data.record['NAME']}`);
      },
    });
  }

  /** Scenes wait most of the time, so they are played at the same time, each in its own corner. */
  static async play(act: (scene: Scene) => Promise<void>): Promise<void> {
    const stage = await Stage.open({ entities: { '100-US': 'US', '200-UK': 'UK' } });
    const scene = new Scene(stage);
    try {
      await act(scene);
    } finally {
      await stage.close();
      rmSync(scene.#folder, { recursive: true, force: true });
    }
  }

  /** Stamped a few seconds ago, so that nobody waits for a second to be over and settled. */
  create(name: string): string {
    const { key } = this.stage.simulator.company.create('CUSTOMER', { NAME: name }, settled());
    return key;
  }

  async untilDelivered(lines: readonly string[], patienceMs?: number): Promise<void> {
    await until(
      () => `${lines.filter((line) => !this.delivered.includes(line)).join(', ')}`,
      async () => {
        await this.#collector.take();
        return lines.every((line) => this.delivered.includes(line));
      },
      patienceMs,
    );
  }

  /** A request of a replica is with Intacct. */
  async untilAsking(): Promise<void> {
    await until('a request in flight', () => this.stage.simulator.stats.counters.inFlight > 0);
  }

  /** Names of the schedules and of the polls that wait for their time. */
  async schedules(): Promise<{ readonly schedulers: readonly string[]; readonly next: readonly string[] }> {
    const queue = this.stage.queue(POLLS_QUEUE);
    const schedulers = (await queue.getJobSchedulers(0, -1)).map(({ key }) => key);
    const jobs = await queue.getJobs(['delayed', 'waiting', 'active', 'prioritized']);
    const next = jobs.map(({ data }) => `${data.connection}/${data.location ?? 'all'}`);
    return { schedulers: schedulers.sort(), next: [...new Set(next)].sort() };
  }

  /** When each replica last looked after the schedules, by the clock of Redis. */
  async beats(): Promise<ReadonlyMap<string, number>> {
    const entries = await this.stage.redis.hgetall(new Keys(this.stage.prefix).replicas());
    return new Map(Object.entries(entries).map(([id, entry]) => [id, Number(entry.split(' ')[0])]));
  }

  /** An environment whose connections stand in a file. */
  configured(connections: readonly Configured[]): Environment {
    const { url, credentials } = this.stage.simulator;
    const content = {
      connections: connections.map(({ name, locations, objects }) => ({
        name,
        endpoint: url,
        ...credentials,
        locations,
        triggers: objects.map((object) => ({ object })),
      })),
    };
    this.#files += 1;
    const CONFIG_FILE = join(this.#folder, `${this.#files}.yaml`);
    // JSON is YAML.
    writeFileSync(CONFIG_FILE, JSON.stringify(content));
    const names = ['ENDPOINT', 'SENDER_ID', 'SENDER_PASSWORD', 'COMPANY_ID', 'USER_ID', 'USER_PASSWORD', 'OBJECTS'];
    return { CONFIG_FILE, ...Object.fromEntries(names.map((name) => [`INTACCT_${name}`, ''])) };
  }
}

interface Configured {
  readonly name: string;
  readonly locations: string | readonly string[];
  readonly objects: readonly string[];
}

/** A moment ago, so that nobody waits for a second to be over and settled. */
export function settled(): { readonly stampedAtMs: number } {
  return { stampedAtMs: Date.now() - 5_000 };
}
