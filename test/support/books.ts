import type { SimulatorOptions } from '../simulator/simulator.js';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.js';
import { Stage } from './stage.js';
import { until } from './until.js';
import { lineOf, lineOfEvent, nameOf, recordOf, repeated } from './worked-company.js';

/** The customers of a stage's company, and what has come of them. */
export class Books {
  readonly #stage: Stage;
  #made = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Stamped a few seconds ago by the company's clock, so that no test waits for a second to be over and settled. */
  create(count = 1, object = 'CUSTOMER'): void {
    const { company, clock } = this.#stage.simulator;
    for (let index = 0; index < count; index += 1) {
      this.#made += 1;
      company.create(object, { NAME: `Made as number ${this.#made}` }, { stampedAtMs: clock.now() - 5_000 });
    }
  }

  /** One line for the present version of every record. */
  lines(object = 'CUSTOMER'): string[] {
    const { company } = this.#stage.simulator;
    return company.current(object).map((record) => lineOf(nameOf(record), recordOf(company, record)));
  }

  /** One line for each event in the queue. */
  async arrived(): Promise<string[]> {
    return (await this.#stage.events()).map(lineOfEvent);
  }

  /** Waits until the present version of every record is in the queue. */
  async untilArrived(object = 'CUSTOMER'): Promise<void> {
    const lines = this.lines(object);
    await until(
      () => `the present version of every ${object}`,
      async () => {
        const arrived = new Set(await this.arrived());
        return lines.every((line) => arrived.has(line));
      },
    );
  }

  async twice(): Promise<string[]> {
    return repeated(await this.arrived());
  }
}

export interface Scene {
  readonly stage: Stage;
  readonly books: Books;
}

/** For tests that mostly wait and therefore run side by side (`test.concurrent` has no hooks): opens a stage, and closes it. */
export async function onStage(play: (scene: Scene) => Promise<void>, options: SimulatorOptions = {}): Promise<void> {
  await closing(await Stage.open(options), play);
}

/** The same on a Redis of its own, for what must not be done to the shared one. */
export async function onOwnRedis(
  play: (scene: Scene & { readonly server: RedisServer }) => Promise<void>,
  options: RedisOptions = {},
): Promise<void> {
  const server = await startRedis(options);
  try {
    await closing(await Stage.open({}, server.url), (scene) => play({ ...scene, server }));
  } finally {
    await server.stop();
  }
}

async function closing(stage: Stage, play: (scene: Scene) => Promise<void>): Promise<void> {
  try {
    await play({ stage, books: new Books(stage) });
  } finally {
    await stage.close();
  }
}
