import type { SageError } from './problems.js';
import type { Random } from './random.js';

/** What can be made to go wrong. Each is something that Intacct, its gateway or the network between was seen or said to do. */
export type Fault =
  /** An HTTP status instead of an answer; 429 and 503 may carry Retry-After. */
  | {
      readonly kind: 'http-status';
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly body?: string;
      readonly contentType?: string;
    }
  /** The challenge page of a content delivery network, with status 200. */
  | { readonly kind: 'html-page' }
  /** The answer waits this long; the request is worked on afterwards. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The request is read and never answered. */
  | { readonly kind: 'hang' }
  /** The connection breaks before a byte of the answer. */
  | { readonly kind: 'reset' }
  /** The connection breaks after so many bytes of the body. */
  | { readonly kind: 'reset-in-body'; readonly afterBytes: number }
  /** The body ends after so many bytes while HTTP is content: a right Content-Length for half a document. */
  | { readonly kind: 'cut-body'; readonly atByte: number }
  /** Content-Length differs from the body by so many bytes. */
  | { readonly kind: 'wrong-content-length'; readonly by: number }
  /** The whole answer is replaced, byte for byte. */
  | {
      readonly kind: 'body';
      readonly body: string | Uint8Array;
      readonly contentType?: string;
      readonly status?: number;
    }
  /** Text after the end of the document, by default a second root. */
  | { readonly kind: 'trailing'; readonly text?: string }
  /** All sessions end at once, before this request is authenticated. */
  | { readonly kind: 'expire-session' }
  | { readonly kind: 'control-failure'; readonly error: SageError }
  | { readonly kind: 'authentication-failure'; readonly error: SageError }
  /** The functions that match fail with this error; others of the request are answered. */
  | { readonly kind: 'function-failure'; readonly error: SageError }
  | { readonly kind: 'function-aborted' }
  | { readonly kind: 'ignore-second-order-key' }
  | { readonly kind: 'ignore-order' }
  | { readonly kind: 'ignore-filter' }
  /** A request for returnformat json gets XML. */
  | { readonly kind: 'xml-instead-of-json' }
  /** returnformat json is refused by a function failure. */
  | { readonly kind: 'refuse-json' }
  /** The count attribute differs from the number of rows. */
  | { readonly kind: 'wrong-count'; readonly by: number }
  /** Results echo another controlid than was sent. */
  | { readonly kind: 'wrong-controlid' }
  /** The result comes without an authentication block. */
  | { readonly kind: 'without-authentication' }
  /** Old answers lack sessiontimeout. */
  | { readonly kind: 'without-session-timeout' }
  /** Reads come from a replica that is so far behind. */
  | { readonly kind: 'stale-reads'; readonly byMs: number };

export type FaultKind = Fault['kind'];

/** What a fault is matched against: one function of one request; requests that could not be read have no functions. */
export interface FaultTarget {
  readonly functionName: string | null;
  readonly object: string | null;
  readonly format: 'xml' | 'json' | null;
  readonly authentication: 'login' | 'session' | null;
  readonly location: string | null;
}

export interface FaultRule {
  /** How many requests it befalls; without a number one, with a probability as many as come. */
  readonly times?: number;
  /** 0 to 1, drawn from the simulator's seeded randomness. */
  readonly probability?: number;
  /** How many matching requests pass unharmed first. */
  readonly after?: number;
  readonly object?: string;
  readonly functionName?: string;
  readonly format?: 'xml' | 'json';
  readonly when?: (target: FaultTarget) => boolean;
}

export interface FaultHandle {
  readonly id: number;
  readonly fault: Fault;
  /** How many requests it has befallen. */
  readonly hits: number;
  remove(): void;
}

interface Armed {
  readonly id: number;
  readonly fault: Fault;
  readonly rule: FaultRule;
  left: number;
  toPass: number;
  hits: number;
}

/** The faults drawn for one request. */
export class DrawnFaults {
  readonly #drawn: readonly Armed[];

  constructor(drawn: readonly Armed[]) {
    this.#drawn = drawn;
  }

  get kinds(): FaultKind[] {
    return this.#drawn.map((armed) => armed.fault.kind);
  }

  /** The first drawn fault of a kind, for a function only if its rule is about that function. */
  find<K extends FaultKind>(kind: K, target?: FaultTarget): Extract<Fault, { kind: K }> | undefined {
    const armed = this.#drawn.find(
      ({ fault, rule }) => fault.kind === kind && (target === undefined || matches(rule, target)),
    );
    return armed?.fault as Extract<Fault, { kind: K }> | undefined;
  }

  has(kind: FaultKind, target?: FaultTarget): boolean {
    return this.find(kind, target) !== undefined;
  }
}

/** The switchboard of faults. Without faults it costs nothing; with them every request draws its own. */
export class Faults {
  readonly #random: Random;
  #armed: Armed[] = [];
  #nextId = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** `faults.add({ kind: 'http-status', status: 503 }, { times: 3 })` */
  add(fault: Fault, rule: FaultRule = {}): FaultHandle {
    const times = rule.times ?? (rule.probability === undefined ? 1 : Number.POSITIVE_INFINITY);
    const armed: Armed = { id: this.#nextId, fault, rule, left: times, toPass: rule.after ?? 0, hits: 0 };
    this.#nextId += 1;
    this.#armed.push(armed);
    return {
      id: armed.id,
      fault,
      get hits() {
        return armed.hits;
      },
      remove: () => this.remove(armed.id),
    };
  }

  /** A fault that stays until it is removed. */
  always(fault: Fault, rule: Omit<FaultRule, 'times'> = {}): FaultHandle {
    return this.add(fault, { ...rule, times: Number.POSITIVE_INFINITY });
  }

  remove(id: number): void {
    this.#armed = this.#armed.filter((armed) => armed.id !== id);
  }

  clear(): void {
    this.#armed = [];
  }

  list(): { id: number; fault: Fault; left: number; hits: number }[] {
    return this.#armed.map(({ id, fault, left, hits }) => ({ id, fault, left, hits }));
  }

  draw(targets: readonly FaultTarget[]): DrawnFaults {
    const drawn = this.#armed.filter((armed) => this.#befalls(armed, targets));
    this.#armed = this.#armed.filter((armed) => armed.left > 0);
    return new DrawnFaults(drawn);
  }

  #befalls(armed: Armed, targets: readonly FaultTarget[]): boolean {
    if (armed.left <= 0 || !targets.some((target) => matches(armed.rule, target))) return false;
    if (armed.toPass > 0) {
      armed.toPass -= 1;
      return false;
    }
    if (armed.rule.probability !== undefined && this.#random.next() >= armed.rule.probability) return false;
    armed.left -= 1;
    armed.hits += 1;
    return true;
  }
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
  if (rule.object !== undefined && rule.object !== target.object) return false;
  if (rule.functionName !== undefined && rule.functionName !== target.functionName) return false;
  if (rule.format !== undefined && rule.format !== target.format) return false;
  return rule.when?.(target) ?? true;
}
