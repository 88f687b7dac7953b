import { setTimeout as sleep } from 'node:timers/promises';
import { outlive } from '../../deploy/setup/redis-server.mjs';
import type { Random } from '../simulator/random.js';
import { type Environment, startWorker, type WorkerProcess } from '../support/worker-process.js';

interface Post {
  worker: WorkerProcess;
  /** Ends the guard that would end the worker with this process. */
  release: () => void;
  /** The exit that comes now was asked for. */
  expected: boolean;
  frozen: boolean;
}

/**
 * Replicas of the worker, killed and stopped, and started again at once. The first may be a survivor: nothing ends it, so that what it
 * uses can be compared over time.
 */
export class Fleet {
  readonly problems: string[] = [];
  /** Everything that was ever written, by replicas that live and that do not. */
  readonly outputs: (() => string)[] = [];
  readonly #environment: Environment;
  readonly #random: Random;
  readonly #spareFirst: boolean;
  readonly #posts: Post[] = [];
  #ending = false;

  constructor(environment: Environment, random: Random, spareFirst: boolean) {
    this.#environment = environment;
    this.#random = random;
    this.#spareFirst = spareFirst;
  }

  async start(replicas: number): Promise<void> {
    for (let index = 0; index < replicas; index += 1) this.#posts.push(await this.#hire());
    await Promise.all(this.#posts.map(({ worker }) => worker.ready()));
  }

  get survivor(): WorkerProcess | null {
    return this.#spareFirst ? (this.#posts[0]?.worker ?? null) : null;
  }

  /** SIGKILL, and another in its place. */
  async kill(): Promise<void> {
    await this.#replace(this.#random.pick(this.#victims()), (post) => post.worker.kill9());
  }

  /** SIGKILL to all that may be ended, at the same moment. */
  async killAll(): Promise<void> {
    await Promise.all(this.#victims().map((post) => this.#replace(post, ({ worker }) => worker.kill9())));
  }

  /** SIGTERM to one after the other, as in a roll-out; each has to end by itself and in good order. */
  async roll(): Promise<void> {
    for (const post of this.#victims()) {
      if (post.frozen) continue;
      await this.#replace(post, ({ worker }) => this.#retire(worker));
    }
  }

  /** SIGSTOP, and SIGCONT later: whatever the replica was doing, it goes on doing. */
  async freeze(forMs: number, signal: AbortSignal): Promise<void> {
    const post = this.#random.pick(this.#posts);
    if (post.frozen || this.#ending) return;
    const { worker } = post;
    post.frozen = true;
    process.kill(worker.pid, 'SIGSTOP');
    await sleep(forMs, undefined, { signal }).catch(() => undefined);
    post.frozen = false;
    // It may have been killed meanwhile.
    if (post.worker === worker && !post.expected) process.kill(worker.pid, 'SIGCONT');
  }

  /** SIGTERM to all at once. */
  async stop(): Promise<void> {
    await Promise.all(this.#dismiss().map(({ worker }) => this.#retire(worker)));
  }

  /** At the end, whatever has happened. */
  async close(): Promise<void> {
    await Promise.all(this.#dismiss().map(({ worker }) => worker.kill9()));
    for (const post of this.#posts) post.release();
  }

  #dismiss(): readonly Post[] {
    this.#ending = true;
    for (const post of this.#posts) post.expected = true;
    return this.#posts;
  }

  #victims(): readonly Post[] {
    return this.#posts.slice(this.#spareFirst ? 1 : 0);
  }

  async #replace(post: Post, end: (post: Post) => Promise<unknown>): Promise<void> {
    if (this.#ending || post.expected) return;
    post.expected = true;
    await end(post);
    post.release();
    Object.assign(post, await this.#hire());
  }

  async #retire(worker: WorkerProcess): Promise<void> {
    try {
      const { code, signal } = await worker.stop();
      if (code !== 0) this.problems.push(`A replica was asked to stop and ended with ${code ?? signal}`);
    } catch {
      this.problems.push('A replica was asked to stop and did not');
      await worker.kill9();
    }
  }

  async #hire(): Promise<Post> {
    const worker = await startWorker(this.#environment);
    this.outputs.push(() => worker.output());
    const post: Post = { worker, release: outlive(worker.pid, undefined), expected: false, frozen: false };
    void worker.exited.then((exit) => {
      const isAsked = this.#posts.some((other) => other.worker === worker && other.expected);
      if (!isAsked) this.problems.push(`A replica ended by itself: ${JSON.stringify(exit)}\n${lastWords(worker)}`);
    });
    return post;
  }
}

function lastWords(worker: WorkerProcess): string {
  return worker.output().slice(-2_000);
}
