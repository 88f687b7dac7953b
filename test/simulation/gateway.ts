import { createFieldPlans } from '../../worker/field-plans.js';
import { IntacctError } from '../../worker/intacct/errors.js';
import type { Query } from '../../worker/intacct/query.js';
import { ServerClock } from '../../worker/intacct/server-clock.js';
import { parseStamp } from '../../worker/intacct/time.js';
import type { FieldPlans, Intacct, TickTools } from '../../worker/tick-tools.js';
import type { Awaits } from './awaits.js';
import type { SimulatedTime } from './clock.js';
import type { SimulatedCompany } from './company.js';
import type { Ending, Setting } from './story.js';

interface GatewayWorld {
  readonly time: SimulatedTime;
  readonly company: SimulatedCompany;
  readonly setting: Setting;
}

/** What a process knows of Intacct: its sessions, its field lists and, through the worker's own clock, the time there. */
export class SimulatedGateway implements Intacct {
  readonly fields: FieldPlans;
  readonly #world: GatewayWorld;
  readonly #awaits: Awaits;
  readonly #clock = new ServerClock(() => this.monotonicNowMs());
  readonly #sessions = new Set<string | null>();

  constructor(world: GatewayWorld, awaits: Awaits) {
    this.#world = world;
    this.#awaits = awaits;
    this.fields = createFieldPlans({
      lookup: (_location, object, signal) =>
        this.#request('look up', () => ({ object, fields: FIELDS.map((id) => ({ id, dataType: 'TEXT' })) }), signal),
      // The simulated company's fields never change, so there is nothing to share.
      definitions: {
        read: async () => null,
        share: async (_object, fields) => ({ fields, livesMs: Number.POSITIVE_INFINITY }),
      },
      monotonicNowMs: () => this.monotonicNowMs(),
      onDropped: () => undefined,
    });
  }

  /** Runs evenly, and shows the worker's own idea of the time of day. */
  monotonicNowMs(): number {
    return this.#world.time.nowMs + this.#world.setting.workerSkewHours * 3_600_000;
  }

  serverNowMs(): number {
    return this.#clock.nowMs() ?? this.monotonicNowMs();
  }

  readonly parseInstant: Intacct['parseInstant'] = (text) => {
    if (text === null) return null;
    const stamp = parseStamp(text, 0);
    if (stamp === undefined) return undefined;
    return stamp.kind === 'unknown' ? null : stamp.atMs;
  };

  /** Asks for a session only where there is none. */
  async signIn(location: string | null, signal: AbortSignal): Promise<void> {
    if (this.#sessions.has(location)) return;
    await this.#request('sign in', () => undefined, signal);
    this.#sessions.add(location);
  }

  query(
    location: string | null,
    queries: readonly Query[],
    signal: AbortSignal,
  ): ReturnType<TickTools['intacct']['query']> {
    const { company } = this.#world;
    const perform = (ending: Ending) =>
      queries.map((query, index) => {
        if (ending === 'partial' && index === 0) return { ok: false, error: refusal([]) } as const;
        if (query.select.includes(REFUSED_FIELD)) return { ok: false, error: refusal([REFUSED_FIELD]) } as const;
        return { ok: true, value: company.query(location, query) } as const;
      });
    return this.#request(`query ${queries.map(({ object }) => object).join(', ')}`, perform, signal);
  }

  /** Every answer carries the server's clock, cut to whole seconds. */
  async #request<T>(name: string, perform: (ending: Ending) => T, signal: AbortSignal): Promise<T> {
    const { setting, time } = this.#world;
    const sentAtMs = this.monotonicNowMs();
    const answered = (ending: Ending) => ({ stampMs: time.stampMs(), value: perform(ending) });
    const { stampMs, value } = await this.#awaits.add(name, answered, requestTrouble, signal, setting.requestMs);
    this.#clock.observe({ sentAtMs, receivedAtMs: this.monotonicNowMs(), session: 1, stampMs, httpDateMs: undefined });
    return value;
  }
}

const REFUSED_FIELD = 'COMPUTED';
const FIELDS = ['RECORDNO', 'WHENMODIFIED', 'AUWHENCREATED', 'WHENCREATED', 'MEGAENTITYID', 'VERSION', REFUSED_FIELD];

function requestTrouble(): Error {
  return new IntacctError('The answer was cut short', {
    code: 'GATEWAY_ERROR',
    action: 'retry',
    level: 'http',
    advice: 'Wait',
  });
}

function refusal(fields: readonly string[]): IntacctError {
  const action = fields.length > 0 ? 'dropFields' : 'blockStream';
  return new IntacctError('Refused', { code: 'REFUSED', action, level: 'function', advice: 'Wait', fields });
}
