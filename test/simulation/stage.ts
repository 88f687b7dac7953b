import type { Stream } from '../../worker/core/stream.js';
import { pollersOf } from '../../worker/pollers.js';
import type { Poller } from '../../worker/tick-tools.js';
import { Business } from './business.js';
import { SimulatedTime } from './clock.js';
import { SimulatedCompany } from './company.js';
import { connectionOf } from './connection.js';
import { SimulatedProcess } from './process.js';
import { SimulatedStore } from './store.js';
import { type Act, LEASE_MS, marginsOf, randomFrom, type Setting } from './story.js';
import { BrokenClaim, iso, nameOf, Witness } from './witness.js';

const WORKERS = 2;

/** One story under way. */
export class Stage {
  readonly time = new SimulatedTime();
  readonly company: SimulatedCompany;
  readonly witness: Witness;
  readonly store: SimulatedStore;
  readonly log: string[] = [];
  readonly setting: Setting;
  readonly #business: Business;
  readonly #inFlight: (() => void)[] = [];
  readonly #processes: SimulatedProcess[] = [];
  readonly #locations: (readonly string[] | null)[];
  #incarnations = 0;
  #broken: unknown = null;

  constructor(setting: Setting) {
    this.setting = setting;
    this.company = new SimulatedCompany(this.time, setting);
    this.witness = new Witness(this.time, this.company, setting);
    this.store = new SimulatedStore(
      () => this.time.nowMs,
      (committed) => {
        try {
          this.witness.committed(committed, committed.token.split(',')[0] ?? '');
        } catch (broken) {
          this.#broken ??= broken;
        }
      },
    );
    this.#locations = Array.from({ length: WORKERS }, () => setting.locations);
    for (let worker = 0; worker < WORKERS; worker += 1) this.#processes[worker] = this.#spawn(worker);
    this.#business = new Business(this.company, setting, this.time);
  }

  async act(act: Act): Promise<void> {
    switch (act.do) {
      case 'create':
      case 'import':
      case 'edit':
      case 'move':
      case 'delete':
        this.#business.act(act);
        break;
      case 'wait':
        this.wait(act.ms);
        break;
      case 'jump':
        await this.#jump(act.minutes * 60_000);
        break;
      case 'start':
        await this.start(act.worker, act.poller);
        break;
      case 'step':
        await this.#step(act.worker, act.pick, act.ending);
        break;
      case 'until':
        await this.#until(act);
        break;
      case 'run':
        await this.#run(act.worker, act.awaits, act.traffic);
        break;
      case 'poll':
        await this.start(act.worker, act.poller);
        await this.#run(act.worker, 400, act.traffic);
        break;
      case 'freeze':
        this.#process(act.worker).frozen = true;
        break;
      case 'crash':
        this.#crash(act.worker);
        break;
      case 'stop':
        this.#process(act.worker).stop();
        break;
      case 'steal': {
        const poller = this.#pollers(0)[act.poller % this.#pollers(0).length];
        if (poller !== undefined) this.store.stealLease(this.store.leaseKey(poller.connection, poller.location));
        break;
      }
      case 'configure':
        if (this.setting.locations !== null) this.#locations[act.worker % WORKERS] = act.locations;
        break;
    }
    this.#check();
  }

  /** Awaits of a worker that stand still now: how many, for stories that end each of them in every way. */
  standsOf(worker: number): number {
    return this.#process(worker).stands;
  }

  pollers(): readonly Poller[] {
    return this.#pollers(0);
  }

  wait(ms: number): void {
    const untilMs = this.time.nowMs + ms;
    while (this.time.nowMs < untilMs) {
      // Only leases need to be looked after in between.
      this.time.nowMs = this.#anyTick() ? Math.min(untilMs, this.time.nowMs + LEASE_MS / 4) : untilMs;
      for (const process of this.#processes) process.renewLeases();
    }
  }

  async start(worker: number, pick: number): Promise<void> {
    const process = this.#process(worker);
    const pollers = this.#pollers(worker);
    const poller = pollers[pick % pollers.length];
    if (poller === undefined || process.ticks >= 3) return;
    process.start(
      poller,
      pollers.flatMap(({ streams }) => streams),
    );
    await settled();
  }

  /** Everything that is under way comes to its end, without further trouble, on the settings of worker 0. */
  async comeToRest(): Promise<void> {
    for (const deliver of this.#inFlight.splice(0)) quietly(deliver);
    for (let worker = 0; worker < WORKERS; worker += 1) await this.#run(worker, 5_000, 0);
    for (const process of this.#processes)
      if (process.ticks > 0) throw new BrokenClaim('Ticks come to an end', `${process.ticks} do not`);
    for (let worker = 0; worker < WORKERS; worker += 1) this.#crash(worker);
    this.#check();
  }

  /** Ticks of every poller until all its streams have read up to now. None of them may fail: nothing stands in their way. */
  async pollAll(): Promise<void> {
    const { settleMs } = marginsOf(this.setting);
    // What a worker can know of Intacct's clock is behind by the resolution of a stamp and the duration of an answer.
    const upToMs = this.time.serverAt(this.time.nowMs) - settleMs - 2 * this.setting.requestMs - 2_000;
    for (const [index, poller] of this.#pollers(0).entries()) {
      const behind = new Set<Stream>(poller.streams);
      for (let ticks = 0; behind.size > 0; ticks += 1) {
        if (ticks > 300) throw new BrokenClaim('Streams come up to now', `${[...behind].map(nameOf).join()} do not`);
        await this.start(0, index);
        await this.#run(0, 5_000, 0);
        const { report, error } = this.#process(0).ends.splice(0).at(-1) ?? {};
        if (report?.outcome === 'busy') this.wait(LEASE_MS);
        const trouble = error ?? report?.streams.find((stream) => stream.error !== null)?.error ?? null;
        if (trouble !== null)
          throw new BrokenClaim('A tick without trouble succeeds', `${poller.location ?? 'all'}: ${String(trouble)}`);
        for (const { stream, outcome, watermarkMs } of report?.streams ?? []) {
          const isUp = outcome === 'done' && (watermarkMs ?? 0) >= upToMs;
          if (outcome === 'waiting' || isUp)
            for (const known of behind) if (nameOf(known) === nameOf(stream)) behind.delete(known);
        }
      }
    }
    this.#check();
  }

  #process(worker: number): SimulatedProcess {
    const process = this.#processes[worker % WORKERS];
    if (process === undefined) throw new TypeError('No such worker');
    return process;
  }

  #spawn(worker: number): SimulatedProcess {
    this.#incarnations += 1;
    const { time, company, store, setting } = this;
    const tell = (line: string) => this.tell(line);
    const onLoaded: Witness['loaded'] = (stream, process) => this.witness.loaded(stream, process);
    return new SimulatedProcess(
      { time, company, store, setting, inFlight: this.#inFlight, tell, onLoaded },
      `worker ${worker}.${this.#incarnations}`,
    );
  }

  #crash(worker: number): void {
    this.#processes[worker % WORKERS] = this.#spawn(worker % WORKERS);
  }

  async #step(worker: number, pick: number, ending: Parameters<SimulatedProcess['step']>[1]): Promise<void> {
    const process = this.#process(worker);
    if (process.stands === 0) return;
    if (process.step(pick, ending)) this.#crash(worker);
    for (const other of this.#processes) other.renewLeases();
    await settled();
  }

  async #until({ worker, at, ending }: Extract<Act, { do: 'until' }>): Promise<void> {
    for (let count = 0; count < 60 && this.#process(worker).stands > 0; count += 1) {
      const isThere = this.#process(worker).standsAt.startsWith(at);
      if (isThere && ending === 'stand') return;
      await this.#step(worker, 0, isThere && ending !== 'stand' ? ending : 'ok');
      if (isThere || this.#broken !== null) return;
    }
  }

  /** That a clock was set back can only be told by somebody who saw it before, and sees it before it has caught up. */
  async #jump(byMs: number): Promise<void> {
    if (byMs < 0) {
      await this.comeToRest();
      await this.pollAll();
    }
    this.time.jump(byMs);
    if (byMs >= 0) return;
    // The first answer tells the new time; only then does a stream that is not due yet see that it must not wait.
    await this.pollAll();
    await this.pollAll();
  }

  async #run(worker: number, awaits: number, traffic: number): Promise<void> {
    const random = traffic === 0 ? null : randomFrom(traffic);
    for (let count = 0; count < awaits && this.#process(worker).stands > 0; count += 1) {
      await this.#step(worker, 0, 'ok');
      if (random !== null && random() < 0.5) this.#business.traffic(random);
      if (this.#broken !== null) return;
    }
  }

  #pollers(worker: number): readonly Poller[] {
    return pollersOf(connectionOf(this.setting, this.#locations[worker % WORKERS] ?? null));
  }

  #anyTick(): boolean {
    return this.#processes.some((process) => process.ticks > 0);
  }

  tell(line: string): void {
    this.log.push(`${iso(this.time.nowMs)} ${line}`);
  }

  #check(): void {
    if (this.#broken !== null) throw this.#broken;
  }
}

/** Lets everything run that can run without the story's leave. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nobody waits for this command any more.
  }
}
