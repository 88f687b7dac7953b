import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../../deploy/setup/redis-server.mjs';
import type { Redis } from '../../shared/redis.js';
import type { Fault, FaultRule } from '../simulator/faults.js';
import type { Random } from '../simulator/random.js';
import type { Simulator } from '../simulator/simulator.js';
import type { Fleet } from './fleet.js';

/** Everything that can be broken. */
export interface Scene {
  readonly server: RedisServer;
  /** Of the one who makes the trouble, for CONFIG, CLIENT and SCRIPT. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly simulator: Simulator;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Fires when it is enough. */
  readonly signal: AbortSignal;
}

interface Trouble {
  /** It goes on beside the troubles that come next. */
  readonly lasting?: boolean;
  readonly make: (scene: Scene) => Promise<void>;
}

/** Longer than a lease lasts, 15 s. */
const PAST_THE_LEASE_MS = 17_000;

/** What befalls the worker's own side. */
const PROCESSES = {
  'kill -9 of a replica': { make: ({ fleet }) => fleet.kill() },
  'kill -9 of replicas during a poll': {
    async make(scene) {
      await aPoll(scene);
      await scene.fleet.killAll();
    },
  },
  'rolling restart': { make: ({ fleet }) => fleet.roll() },
  'a replica stands still': {
    lasting: true,
    make: ({ fleet, random, signal }) => fleet.freeze(500 + random.below(4_000), signal),
  },
  'a replica stands still past its lease': {
    lasting: true,
    async make(scene) {
      await aPoll(scene);
      await scene.fleet.freeze(PAST_THE_LEASE_MS, scene.signal);
    },
  },
} as const satisfies Readonly<Record<string, Trouble>>;

const REDIS = {
  'kill -9 of Redis': {
    async make({ server, random, signal }) {
      await server.kill9();
      await sleep(random.below(1_500), undefined, { signal }).catch(() => undefined);
      await server.restart();
    },
  },
  'kill -9 of Redis during a poll': {
    async make(scene) {
      await aPoll(scene);
      await scene.server.kill9();
      await scene.server.restart();
    },
  },
  'SCRIPT FLUSH': {
    lasting: true,
    async make({ redis, random, signal }) {
      const deadline = performance.now() + 1_000 + random.below(5_000);
      // So often that some of it falls between the moment a commit takes its scripts for loaded and the moment it needs them.
      while (!signal.aborted && performance.now() < deadline) {
        await redis.script('FLUSH');
        await sleep(random.below(60));
      }
    },
  },
  'connections cut': {
    async make({ redis, random }) {
      const clients = String(await redis.client('LIST'))
        .split('\n')
        .filter((line) => line.includes('name=intacct'));
      random.draw(clients, 5);
      for (const client of clients.slice(0, 5)) {
        const id = /\bid=(\d+)/.exec(client)?.[1];
        if (id !== undefined) await redis.call('CLIENT', 'KILL', 'ID', id);
      }
    },
  },
  'Redis out of memory': {
    async make({ redis, random, signal }) {
      const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0);
      // A little is left: it runs out in the middle of something.
      await redis.config('SET', 'maxmemory', used + random.below(500_000));
      try {
        await sleep(1_000 + random.below(4_000), undefined, { signal }).catch(() => undefined);
      } finally {
        // A Redis that was killed meanwhile has forgotten the limit.
        await redis.config('SET', 'maxmemory', 0);
      }
    },
  },
} as const satisfies Readonly<Record<string, Trouble>>;

const INTACCT = {
  'Intacct: HTTP 500, 502 and 503': {
    lasting: true,
    async make(scene) {
      const removers = [500, 502, 503].map((status) =>
        scene.simulator.faults.add({ kind: 'http-status', status }, often(0.15)),
      );
      await aWhile(scene);
      for (const { remove } of removers) remove();
    },
  },
  'Intacct: cut bodies': faulty(({ random }) => ({ kind: 'cut-body', atByte: random.below(4_000) })),
  'Intacct: connections reset': faulty(() => ({ kind: 'reset' })),
  'Intacct: connections reset in the body': faulty(({ random }) => ({
    kind: 'reset-in-body',
    afterBytes: random.below(4_000),
  })),
  'Intacct: wrong Content-Length': faulty(({ random }) => ({
    kind: 'wrong-content-length',
    by: random.pick([-7, 13]),
  })),
  'Intacct: sessions expire': faulty(() => ({ kind: 'expire-session' })),
  'Intacct: too many requests': faulty(() => ({ kind: 'http-status', status: 429, retryAfterSeconds: 1 }), {
    times: 1,
  }),
  'Intacct: slow answers': faulty(({ random }) => ({ kind: 'delay', ms: 200 + random.below(2_500) })),
  'Intacct: wrong counts': faulty(({ random }) => ({ kind: 'wrong-count', by: random.pick([-1, 1, 100]) })),
  'Intacct: HTML pages': faulty(() => ({ kind: 'html-page' })),
  'Intacct: a second document': faulty(() => ({ kind: 'trailing' })),
  'Intacct: ignores the second order key': faulty(() => ({ kind: 'ignore-second-order-key' }), often(1)),
} as const satisfies Readonly<Record<string, Trouble>>;

const TROUBLES = { ...PROCESSES, ...REDIS, ...INTACCT };

export type TroubleName = keyof typeof TROUBLES;
export const ALL_TROUBLES = Object.keys(TROUBLES) as readonly TroubleName[];

export function troubleOf(name: TroubleName): Trouble {
  return TROUBLES[name];
}

function often(probability: number): FaultRule {
  return { probability };
}

function faulty(faultOf: (scene: Scene) => Fault, rule: FaultRule = often(0.4)): Trouble {
  return {
    lasting: true,
    async make(scene) {
      const fault = scene.simulator.faults.add(faultOf(scene), rule);
      await aWhile(scene);
      fault.remove();
    },
  };
}

async function aWhile({ random, signal }: Scene): Promise<void> {
  await sleep(1_000 + random.below(5_000), undefined, { signal }).catch(() => undefined);
}

/** Waits until some replica works under a lease; not for long, since none may be able to. */
async function aPoll({ redis, prefix, signal }: Scene): Promise<void> {
  const deadline = performance.now() + 2_000;
  while (!signal.aborted && performance.now() < deadline) {
    if ((await redis.keys(`${prefix}:intacct-trigger:*:lease:*`)).length > 0) return;
    await sleep(2);
  }
}
