import { describe, expect, test } from '@jest/globals';
import { startRedisProxy } from '../support/redis-proxy.js';
import { Scene, settled } from '../support/scene.js';
import { suiteRedisUrl } from '../support/stage.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

/** A dead replica's poller and its request in flight are given up by themselves; this is how long a test has patience with that. */
const TAKEN_OVER_WITHIN_MS = 60_000;
const TEST_WITHIN_MS = 90_000;

describe('replicas', () => {
  test.concurrent(
    'share the pollers of a company, and each change comes once',
    () =>
      Scene.play(async (scene) => {
        const locations = { INTACCT_LOCATION_IDS: '100-US,200-UK' };
        const replicas = await Promise.all([1, 2, 3].map(() => scene.stage.startWorker(locations)));
        const lines: string[] = [];
        for (const replica of replicas) {
          lines.push(`CUSTOMER/${scene.create('New')} New`);
          await replica.polled(1);
        }
        await scene.untilDelivered(lines);
        await replicas[0]?.polledAgain(1);
        await scene.untilDelivered([]);

        expect(scene.delivered.toSorted()).toEqual(lines.toSorted());
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'one of which is killed while Intacct works for it: another takes its poller over',
    () =>
      Scene.play(async (scene) => {
        const lines = ['A', 'B', 'C'].map((name) => `CUSTOMER/${scene.create(name)} ${name}`);
        scene.stage.simulator.faults.always({ kind: 'hang' });
        const killed = await scene.stage.startWorker();
        await scene.untilAsking();
        const other = await scene.stage.startWorker();
        await killed.kill9();
        scene.stage.simulator.faults.clear();
        await scene.untilDelivered(lines, TAKEN_OVER_WITHIN_MS);
        await other.polledAgain(1);
        await scene.untilDelivered([]);

        expect(scene.delivered).toEqual(lines);
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'one of which is stopped for longer than its lease: when it wakes up it cannot commit what it read',
    () =>
      Scene.play(async (scene) => {
        const { simulator } = scene.stage;
        const sleeper = await scene.stage.startWorker();
        await sleeper.polled(1);
        simulator.faults.add({ kind: 'delay', ms: 1_000 }, { functionName: 'query' });
        const key = scene.create('before');
        await scene.untilAsking();
        process.kill(sleeper.pid, 'SIGSTOP');
        // It has the record as it was; the answer waits in its socket.
        await until('an answer', () => simulator.stats.counters.inFlight === 0);
        simulator.company.update('CUSTOMER', key, { NAME: 'after' }, settled());
        const other = await scene.stage.startWorker();
        await scene.untilDelivered([`CUSTOMER/${key} after`], TAKEN_OVER_WITHIN_MS);

        process.kill(sleeper.pid, 'SIGCONT');
        const awake = await until('its poll to fail', () =>
          sleeper.log('poll.finished').find(({ level }) => level === 'error'),
        );
        await other.stop();
        await sleeper.polledAgain(2);
        await scene.untilDelivered([]);

        expect(awake).toMatchObject({ outcome: 'failed', enqueued: 0 });
        expect(scene.delivered).toEqual([`CUSTOMER/${key} after`]);
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'one of which is stopped in the middle of a commit: when it wakes up and has lost its lease, nothing of it counts',
    () =>
      Scene.play(async (scene) => {
        const { stage } = scene;
        const proxy = await startRedisProxy(suiteRedisUrl());
        try {
          const sleeper = await stage.startWorker({ REDIS_URL: proxy.url });
          let stops = 0;
          proxy.intercept(({ connection, name }) => {
            // The last look before the transaction; a commit without records does not have it.
            if (stops > 0 || connection !== 'intacct-trigger-transactions' || name !== 'HMGET') return undefined;
            stops += 1;
            process.kill(sleeper.pid, 'SIGSTOP');
            return undefined;
          });
          const key = scene.create('before');
          await until('a commit', () => stops > 0);
          stage.simulator.company.update('CUSTOMER', key, { NAME: 'after' }, settled());
          // It would run out by itself, and its owner would wake up to time-outs before it came to the rest of its commit.
          await stage.redis.del(stage.leaseKey());
          const other = await stage.startWorker();
          await scene.untilDelivered([`CUSTOMER/${key} after`]);

          process.kill(sleeper.pid, 'SIGCONT');
          await until('its poll to fail', () =>
            sleeper.log('poll.finished').some(({ outcome }) => outcome === 'failed'),
          );
          await other.stop();
          await sleeper.polledAgain(2);
          await scene.untilDelivered([]);

          expect(scene.delivered).toEqual([`CUSTOMER/${key} after`]);
        } finally {
          await proxy.stop();
        }
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'that are replaced one after the other while records change lose and repeat nothing',
    () =>
      Scene.play(async (scene) => {
        const lines: string[] = [];
        const people = setInterval(() => lines.push(`CUSTOMER/${scene.create('New')} New`), 50);
        const exits: (number | null)[] = [];
        try {
          let replicas = await Promise.all([1, 2].map(() => scene.stage.startWorker()));
          for (let round = 0; round < 2; round += 1) {
            const next: WorkerProcess[] = [];
            for (const old of replicas) {
              exits.push((await old.stop()).code);
              next.push(await scene.stage.startWorker());
              await scene.untilDelivered(lines.slice(0, 1));
            }
            replicas = next;
          }
          clearInterval(people);
          await scene.untilDelivered(lines);
          await replicas[0]?.polledAgain(1);
          await scene.untilDelivered([]);
        } finally {
          clearInterval(people);
        }

        expect(exits).toEqual([0, 0, 0, 0]);
        expect(scene.delivered.toSorted()).toEqual(lines.toSorted());
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'that are started with other settings leave nothing of the object, the location and the connection that they no longer name',
    () =>
      Scene.play(async (scene) => {
        const { simulator } = scene.stage;
        const one = { name: 'one', locations: ['100-US', '200-UK'], objects: ['CUSTOMER', 'VENDOR'] };
        const two = { name: 'two', locations: 'all', objects: ['CUSTOMER'] };
        const before = await scene.stage.startWorker(scene.configured([one, two]));
        await before.polled(3);
        const first = await scene.schedules();
        await before.stop();

        simulator.stats.reset();
        const less = { ...one, locations: ['100-US'], objects: ['CUSTOMER'] };
        const after = await scene.stage.startWorker(scene.configured([less]));
        await after.polled(2);
        const asked = new Set(
          simulator.stats.log.flatMap(({ location, functions }) =>
            functions.map(({ object }) => `${location} ${object}`),
          ),
        );

        expect(first.schedulers).toEqual(['one/%3D100-US', 'one/%3D200-UK', 'two/all']);
        expect(await scene.schedules()).toEqual({ schedulers: ['one/%3D100-US'], next: ['one/100-US'] });
        expect([...asked].filter((query) => /VENDOR|200-UK/.test(query))).toEqual([]);
      }),
    TEST_WITHIN_MS,
  );

  test.concurrent(
    'with two configurations do not fight over the schedules, and both say that they differ',
    () =>
      Scene.play(async (scene) => {
        const { stage } = scene;
        const older = { name: 'one', locations: ['100-US', '200-UK'], objects: ['CUSTOMER'] };
        const newer = { ...older, locations: ['100-US'] };
        const old = await stage.startWorker(scene.configured([older]));
        const young = await stage.startWorker(scene.configured([newer]));
        const both = [old, young];
        await until('both to notice', () => both.every((replica) => replica.log('configurations.differ').length > 0));

        const seen = new Set<string>();
        const beats = await scene.beats();
        await until('two more looks of each', async () => {
          seen.add((await scene.schedules()).schedulers.join(' '));
          return [...(await scene.beats())].every(([id, at]) => at >= (beats.get(id) ?? 0) + 2 * 4_000);
        });
        const told = both.map((replica) =>
          replica.log('configurations.differ').map(({ level, leads }) => ({ level, leads })),
        );
        await young.stop();
        await until('the older schedules', async () => (await scene.schedules()).schedulers.length === 2);

        expect([...seen]).toEqual(['one/%3D100-US']);
        expect(told).toEqual([[{ level: 'warn', leads: false }], [{ level: 'warn', leads: true }]]);
        expect(old.log('configurations.agree')).toHaveLength(1);
      }),
    TEST_WITHIN_MS,
  );
});
