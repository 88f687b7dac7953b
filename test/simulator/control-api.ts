import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SimClock } from './clock.js';
import type { Company, CreateOptions, UpdateOptions, Values } from './company.js';
import type { Fault, FaultRule, Faults } from './faults.js';
import type { Sessions } from './sessions.js';
import type { Behaviour } from './settings.js';
import type { Stats } from './stats.js';
import { readBody } from './transport.js';

/** Everything below this path is the simulator's own and has no counterpart at Sage. */
export const CONTROL_PATH = '/_sim/';

/** The parts of a simulator that other processes may drive. */
export interface Controlled {
  readonly company: Company;
  readonly clock: SimClock;
  readonly faults: Faults;
  readonly stats: Stats;
  readonly sessions: Sessions;
  readonly behaviour: Behaviour;
}

interface WriteCommand {
  readonly object: string;
  readonly key?: string;
  readonly values?: Values;
  readonly options?: CreateOptions & UpdateOptions;
}

type Action = (simulator: Controlled, body: unknown, query: URLSearchParams) => unknown;

/** `METHOD name` to what it does; bodies and answers are JSON. */
const ACTIONS: Readonly<Record<string, Action>> = {
  'GET ': () => ({ actions: Object.keys(ACTIONS) }),
  'GET counters': ({ stats }) => stats.counters,
  'GET log': ({ stats }) => stats.log,
  'GET records': ({ company }, _body, query) => company.current(required(query.get('object'), 'object')),
  'GET faults': ({ faults }) => faults.list(),
  'GET clock': ({ clock }) => ({ nowMs: clock.now() }),
  'POST create': ({ company }, body) => {
    const one = (command: WriteCommand): unknown => company.create(command.object, command.values, command.options);
    return Array.isArray(body) ? (body as WriteCommand[]).map(one) : one(body as WriteCommand);
  },
  'POST update': ({ company }, body) => {
    const one = (command: WriteCommand): unknown =>
      company.update(command.object, required(command.key, 'key'), command.values ?? {}, command.options);
    return Array.isArray(body) ? (body as WriteCommand[]).map(one) : one(body as WriteCommand);
  },
  'POST remove': ({ company }, body) => {
    const { object, key } = body as WriteCommand;
    company.remove(object, required(key, 'key'));
    return {};
  },
  'POST entities': ({ company }, body) => {
    const { id, name } = body as { id: string; name: string };
    return company.addEntity(id, name);
  },
  'POST faults': ({ faults }, body) => {
    const { fault, rule, always } = body as { fault: Fault; rule?: FaultRule; always?: boolean };
    const armed = always === true ? faults.always(fault, rule) : faults.add(fault, rule);
    return { id: armed.id };
  },
  'POST faults/clear': ({ faults }) => {
    faults.clear();
    return {};
  },
  'POST sessions/expire': ({ sessions }) => {
    sessions.expireAll();
    return {};
  },
  'POST counters/reset': ({ stats }) => {
    stats.reset();
    return {};
  },
  'POST clock': ({ clock }, body) => {
    clock.jump((body as { jumpMs: number }).jumpMs);
    return { nowMs: clock.now() };
  },
  'POST behaviour': ({ behaviour }, body) => Object.assign(behaviour, body),
  'POST deny': ({ company }, body) => {
    for (const object of (body as { objects: string[] }).objects) company.denied.add(object.toUpperCase());
    return { denied: [...company.denied] };
  },
  'POST allow': ({ company }, body) => {
    for (const object of (body as { objects: string[] }).objects) company.denied.delete(object.toUpperCase());
    return { denied: [...company.denied] };
  },
};

/** Lets other processes drive a running simulator. It listens on loopback and knows only made-up credentials, hence no password. */
export async function answerControl(
  simulator: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  const action = ACTIONS[`${request.method} ${url.pathname.slice(CONTROL_PATH.length)}`];
  if (action === undefined) return reply(response, 404, { error: `no such action; GET ${CONTROL_PATH} lists them` });
  try {
    const text = (await readBody(request))?.toString('utf8') ?? '';
    return reply(response, 200, action(simulator, text === '' ? {} : JSON.parse(text), url.searchParams));
  } catch (error) {
    return reply(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function required(value: string | null | undefined, name: string): string {
  if (value === null || value === undefined || value === '') throw new TypeError(`${name} is missing`);
  return value;
}
