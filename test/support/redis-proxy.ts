import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../deploy/setup/redis-server.mjs';
import { commandWords, MessageCutter } from './resp.js';

/** A command on its way from a client to Redis. */
export interface SeenCommand {
  /** What the client called its connection: CLIENT SETNAME. */
  readonly connection: string;
  /** Upper case. */
  readonly name: string;
  readonly words: readonly string[];
}

/**
 * What is to happen to a command. `before`: Redis does not get it, nor anything after it. `after`: Redis has done it, the client does
 * not get the reply, nor Redis anything more. Either way this connection stands still from then on, and `standing` is called.
 */
export interface Standstill {
  readonly at: 'before' | 'after';
  readonly standing: (connection: { cut(): void }) => void;
}

/** Asked for each command; undefined lets it pass. */
export type Interceptor = (command: SeenCommand) => Standstill | undefined;

/** Between a client and Redis: passes everything on until it is told to do worse. */
export interface RedisProxy {
  readonly url: string;
  intercept(interceptor: Interceptor | null): void;
  /** Nobody listens: connections are refused, those that stand are cut. */
  refuse(): Promise<void>;
  /** Accepts everything and answers nothing, also on the connections that stand. */
  blackHole(): void;
  /** Back to normal; what was swallowed by a black hole stays lost. */
  pass(): Promise<void>;
  /** Breaks every connection; new ones are accepted. */
  cut(): void;
  stop(): Promise<void>;
}

export async function startRedisProxy(redisUrl: string): Promise<RedisProxy> {
  const target = new URL(redisUrl);
  const port = await freePort();
  const links = new Set<Link>();
  let interceptor: Interceptor | null = null;
  let swallows = false;
  let server: Server | null = null;

  const cut = () => {
    for (const link of links) link.cut();
  };
  const accept = (client: Socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    const link = new Link(client, upstream, {
      intercept: (command) => interceptor?.(command),
      swallows: () => swallows,
      onEnd: () => links.delete(link),
    });
    links.add(link);
  };
  const proxy: RedisProxy = {
    url: `redis://127.0.0.1:${port}`,
    intercept(next) {
      interceptor = next;
    },
    async refuse() {
      const closing = server;
      server = null;
      if (closing === null) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      cut();
      await closed;
    },
    blackHole() {
      swallows = true;
    },
    async pass() {
      swallows = false;
      server ??= await listen(port, accept);
    },
    cut,
    stop: () => proxy.refuse(),
  };
  await proxy.pass();
  return proxy;
}

interface LinkOptions {
  readonly intercept: Interceptor;
  readonly swallows: () => boolean;
  readonly onEnd: () => void;
}

/** One connection through the proxy. Replies come in the order of the commands, which is how they are told apart. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #options: LinkOptions;
  /** For each command that Redis has not answered: what to do when it does. */
  readonly #awaited: (Standstill | undefined)[] = [];
  #name = '';
  #stands = false;

  constructor(client: Socket, upstream: Socket, options: LinkOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
    const commands = new MessageCutter();
    const replies = new MessageCutter();
    client.on('data', (chunk: Buffer) => {
      for (const message of commands.take(chunk)) this.#command(message);
    });
    upstream.on('data', (chunk: Buffer) => {
      for (const message of replies.take(chunk)) this.#reply(message);
    });
    for (const socket of [client, upstream]) {
      // Small messages both ways: waiting to fill a packet costs 40 ms for each.
      socket.setNoDelay(true);
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  cut(): void {
    this.#stands = true;
    this.#client.destroy();
    this.#upstream.destroy();
    this.#options.onEnd();
  }

  #command(message: Buffer): void {
    if (this.#stands || this.#options.swallows()) return;
    const words = commandWords(message);
    const name = (words[0] ?? '').toUpperCase();
    if (name === 'CLIENT' && words[1]?.toUpperCase() === 'SETNAME') this.#name = words[2] ?? '';
    const standstill = this.#options.intercept({ connection: this.#name, name, words });
    if (standstill?.at === 'before') this.#halt(standstill);
    else {
      this.#awaited.push(standstill);
      this.#upstream.write(message);
    }
  }

  #reply(message: Buffer): void {
    if (this.#stands || this.#options.swallows()) return;
    // Pushed by Redis on its own accord, not an answer.
    const standstill = message.toString('latin1', 0, 1) === '>' ? undefined : this.#awaited.shift();
    if (standstill === undefined) this.#client.write(message);
    else this.#halt(standstill);
  }

  #halt({ standing }: Standstill): void {
    this.#stands = true;
    standing({ cut: () => this.cut() });
  }
}

function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
