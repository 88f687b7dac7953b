import { MAX_PAGE_SIZE } from '../../worker/core/page-query.js';
import type { Stream } from '../../worker/core/stream.js';
import { type TickReport, tick } from '../../worker/poll.js';
import { CommitError } from '../../worker/state/errors.js';
import type {
  Commit,
  Lease,
  Poller,
  SavedStream,
  StreamStore,
  TickObserver,
  TickTools,
} from '../../worker/tick-tools.js';
import { Awaits } from './awaits.js';
import type { SimulatedTime } from './clock.js';
import type { SimulatedCompany } from './company.js';
import { SimulatedGateway } from './gateway.js';
import type { SimulatedStore } from './store.js';
import { type Ending, LEASE_MS, marginsOf, type Setting } from './story.js';

interface HeldLease {
  readonly key: string;
  readonly token: string;
  readonly lost: AbortController;
  renewAtMs: number;
}

interface TickEnd {
  readonly report: TickReport | null;
  readonly error: unknown;
}

interface ProcessWorld {
  readonly time: SimulatedTime;
  readonly company: SimulatedCompany;
  readonly store: SimulatedStore;
  readonly setting: Setting;
  /** Commands that are still on their way to the store. */
  readonly inFlight: (() => void)[];
  readonly tell: (line: string) => void;
  /** Told when a process reads the state of a stream. */
  readonly onLoaded: (stream: Stream, process: string) => void;
}

/**
 * A worker process: its memory (clock, field plans, ticks under way), and the tools that the real tick works with. Every await of a
 * tick is listed here and ends as the story says.
 */
export class SimulatedProcess {
  readonly ends: TickEnd[] = [];
  ticks = 0;
  frozen = false;
  readonly #awaits = new Awaits();
  readonly #world: ProcessWorld;
  readonly #name: string;
  readonly #gateway: SimulatedGateway;
  readonly #tools: TickTools;
  readonly #leases = new Set<HeldLease>();
  readonly #stop = new AbortController();
  #tokens = 0;

  constructor(world: ProcessWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#gateway = new SimulatedGateway(world, this.#awaits);
    this.#tools = this.#makeTools();
  }

  /** Starts a tick; it stands at its first await when the caller has let microtasks run. */
  start(poller: Poller, siblings: readonly Stream[]): void {
    const { setting } = this.#world;
    this.ticks += 1;
    const options = { margins: marginsOf(setting), budgetMs: setting.tickBudgetMs };
    const work = async (): Promise<void> => {
      let report: TickReport | null = null;
      let error: unknown = null;
      try {
        report = await tick(poller, this.#tools, options, this.#stop.signal);
        for (const { stream, swept } of report.streams) {
          if (swept) await this.#forget(siblings.filter(({ object }) => object === stream.object));
        }
      } catch (caught) {
        error = caught;
      }
      this.ticks -= 1;
      this.ends.push({ report, error });
    };
    void work();
  }

  /** Ends one await. True when the process died of it. */
  step(pick: number, ending: Ending): boolean {
    const { time, tell } = this.#world;
    this.frozen = false;
    const name = this.#awaits.nameOf(pick);
    if (ending !== 'ok') tell(`${this.#name}: ${name} … ${ending}`);
    return this.#awaits.end(pick, ending, time);
  }

  /** Where the process stands now. */
  get stands(): number {
    return this.#awaits.length;
  }

  /** The name of the first await of those. */
  get standsAt(): string {
    return this.#awaits.nameOf(0);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** What timers do while time passes. */
  renewLeases(): void {
    const { store, time } = this.#world;
    for (const lease of this.#leases) {
      if (this.frozen || lease.renewAtMs > time.nowMs) continue;
      lease.renewAtMs = time.nowMs + LEASE_MS / 3;
      if (!store.renewLease(lease.key, lease.token, LEASE_MS)) lease.lost.abort();
    }
  }

  #makeTools(): TickTools {
    const { store } = this.#world;
    const storeTools: StreamStore = {
      load: (stream) => this.#awaits.add(`load ${label(stream)}`, () => this.#load(stream), storeTrouble),
      ledger: (stream, keys) => this.#awaits.add('ledger', () => store.ledger(stream, keys), storeTrouble),
      commit: (lease, commit) =>
        this.#awaits.add(
          `commit ${label(commit.stream)}`,
          (ending) => this.#commit(lease, commit, ending),
          commitTrouble,
        ),
    };
    return {
      takeLease: (poller) => this.#awaits.add('take lease', () => this.#takeLease(poller), storeTrouble),
      store: storeTools,
      intacct: this.#gateway,
      fields: this.#gateway.fields,
      withSlot: async (request, signal) => {
        signal.throwIfAborted();
        return await request(signal);
      },
      monotonicNowMs: () => this.#gateway.monotonicNowMs(),
      troubles: {
        load: async (streams) => streams.map(() => ({ paused: false, blocked: null })),
        recordRefusal: async () => undefined,
        strike: async () => undefined,
        cleared: async () => undefined,
      },
      backpressure: async () => null,
      stretch: async () => 1,
      pageSize: { rows: MAX_PAGE_SIZE },
      observer: SILENT,
    };
  }

  #takeLease(poller: Poller): Lease | null {
    const { store, time } = this.#world;
    const key = store.leaseKey(poller.connection, poller.location);
    this.#tokens += 1;
    const token = `${this.#name}, tick ${this.#tokens}`;
    if (!store.takeLease(key, token, LEASE_MS)) return null;
    const held: HeldLease = { key, token, lost: new AbortController(), renewAtMs: time.nowMs + LEASE_MS / 3 };
    this.#leases.add(held);
    return {
      key,
      token,
      lost: held.lost.signal,
      release: () => {
        this.#leases.delete(held);
        return this.#awaits.add('release lease', () => store.releaseLease(key, token), storeTrouble);
      },
    };
  }

  #load(stream: Stream): SavedStream {
    this.#world.onLoaded(stream, this.#name);
    return this.#world.store.load(stream);
  }

  #commit(lease: Lease, commit: Commit, ending: Ending): void {
    const { store, inFlight } = this.#world;
    if (ending === 'delayed') {
      inFlight.push(() => store.commit(lease, commit, () => true));
      return;
    }
    // A hole of the guarantee: receipts belong to the location that wrote them, and another one may take the shared records over before
    // the next attempt. There none of the jobs comes through, as when scripts are flushed.
    const some = (index: number): boolean => commit.shared === null && index % 3 === 1;
    store.commit(lease, commit, (index) => ending !== 'partial' || some(index));
  }

  async #forget(streams: readonly Stream[]): Promise<void> {
    const { store } = this.#world;
    const [first] = streams;
    if (first === undefined) return;
    const floorMs = await this.#awaits.add('read floors', () => store.forgettableMs(streams), storeTrouble);
    await this.#awaits.add('note what is forgotten', () => store.noteForgotten(first, floorMs), storeTrouble);
    await this.#awaits.add('forget', () => store.forget(first, floorMs), storeTrouble);
  }
}

/** Takes every report and does nothing with it. */
const SILENT = new Proxy({}, { get: () => () => undefined }) as TickObserver;

function label({ location, object }: Stream): string {
  return `${object}@${location ?? 'all'}`;
}

const storeTrouble = (): Error => new Error('Redis does not answer');
const commitTrouble = (): Error => new CommitError('COMMIT_UNKNOWN', 'The outcome is not known');
