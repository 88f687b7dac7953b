import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SimClock } from './clock.js';
import { Company } from './company.js';
import { answerControl, CONTROL_PATH } from './control-api.js';
import { type ExchangeParts, exchange } from './exchange.js';
import { Faults } from './faults.js';
import { Gateway } from './gateway.js';
import { Random } from './random.js';
import { Sessions } from './sessions.js';
import { type Behaviour, type Credentials, DEFAULT_CREDENTIALS } from './settings.js';
import { Slots } from './slots.js';
import { Stats } from './stats.js';

export interface SimulatorOptions extends Partial<Behaviour> {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: SimClock;
  readonly seed?: number;
  /** Entities to begin with, id to name. */
  readonly entities?: Readonly<Record<string, string>>;
  /** Minutes by which the company's shown times differ from UTC. */
  readonly zoneOffsetMinutes?: number;
  readonly sessionLifetimeMs?: number;
  /** Requests kept in the log at least. */
  readonly keptRequests?: number;
  /** Serves https with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface Simulator {
  /** The endpoint to send requests to. */
  readonly url: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly company: Company;
  readonly clock: SimClock;
  readonly faults: Faults;
  readonly stats: Stats;
  readonly sessions: Sessions;
  /** Switches that may be turned while it runs. */
  readonly behaviour: Behaviour;
  readonly random: Random;
  /** Closes the port and every connection. Harmless when called again. */
  stop(): Promise<void>;
}

const ENDPOINT_PATH = '/ia/xml/xmlgw.phtml';

/** Sessions of real companies were seen to last two hours and more. */
const SESSION_LIFETIME_MS = 2 * 3_600_000;

/** Starts an Intacct company that answers its XML Web Services over real HTTP. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? new SimClock();
  const random = new Random(options.seed ?? 1);
  const behaviour = behaviourOf(options);
  const company = new Company(clock, { offsetMinutes: options.zoneOffsetMinutes ?? 0 });
  for (const [id, name] of Object.entries(options.entities ?? {})) company.addEntity(id, name);
  const sessions = new Sessions(clock, options.sessionLifetimeMs ?? SESSION_LIFETIME_MS);
  const stats = new Stats(options.keptRequests ?? 5_000);
  const faults = new Faults(random);
  const slots = new Slots(behaviour);
  const stopping = new AbortController();
  const gateway = new Gateway({ company, sessions, behaviour, stats, random, seenControlIds: new Set() });
  const parts: ExchangeParts = {
    gateway,
    faults,
    stats,
    slots,
    behaviour,
    companyNow: () => clock.now(),
    stopping: stopping.signal,
  };

  const scheme = options.tls === undefined ? 'http' : 'https';
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const work = path.startsWith(CONTROL_PATH)
      ? answerControl(simulator, request, response)
      : path === ENDPOINT_PATH
        ? exchange(
            parts,
            request,
            response,
            `${scheme}://${request.headers.host ?? `127.0.0.1:${simulator.port}`}${ENDPOINT_PATH}`,
          )
        : notFound(response);
    work.catch((error: unknown) => fail(response, error));
  };
  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  const port = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');

  let stopped: Promise<void> | undefined;
  const simulator: Simulator = {
    url: `${scheme}://127.0.0.1:${port}${ENDPOINT_PATH}`,
    port,
    get credentials() {
      return behaviour.credentials;
    },
    company,
    clock,
    faults,
    stats,
    sessions,
    behaviour,
    random,
    stop: () => {
      stopped ??= new Promise((resolve) => {
        stopping.abort();
        slots.close();
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return stopped;
    },
  };
  return simulator;
}

function behaviourOf(options: SimulatorOptions): Behaviour {
  return {
    credentials: options.credentials ?? DEFAULT_CREDENTIALS,
    senderAuthorised: options.senderAuthorised ?? true,
    restrictedTo: options.restrictedTo ?? null,
    sessionEndpoint: options.sessionEndpoint ?? null,
    latencyMs: options.latencyMs ?? 0,
    concurrencyLimit: options.concurrencyLimit ?? Number.POSITIVE_INFINITY,
    concurrencyWaitMs: options.concurrencyWaitMs ?? 30_000,
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function notFound(response: ServerResponse): Promise<void> {
  response.writeHead(404, { 'Content-Type': 'text/html' });
  response.end('<html><body><h1>404 Not Found</h1></body></html>');
  return Promise.resolve();
}

/** A bug of the simulator must be seen as such and not taken for an answer of Intacct. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.socket?.destroyed !== false) return;
  process.stderr.write(`simulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' });
  response.end('the simulator itself failed, see its standard error');
}
