import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedis, freePort, outlive } from '../../deploy/setup/redis-server.mjs';
import { connectRedis, type Redis, type RedisRole } from '../../shared/redis.js';
import { selfSignedCertificate } from '../simulator/self-signed.js';
import { until } from './until.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/redis/', import.meta.url));

/** Users of deploy/redis/users.acl, with passwords for a test. */
export type RedisUser = 'intacct-worker' | 'intacct-consumer';

const PASSWORDS: Readonly<Record<RedisUser, string>> = {
  'intacct-worker': 'of-the-worker',
  'intacct-consumer': 'of-the-consumer',
};

/** Reads the log of refusals, of which no other user may know. */
const AUDITOR = 'auditor';

/** A Redis as deploy/redis sets it up: its redis.conf, its users with passwords filled in, and TLS as the only way in. */
export class SecuredRedis {
  readonly port: number;
  /** The certificate, for NODE_EXTRA_CA_CERTS. */
  readonly certificateFile: string;
  readonly #certificate: string;
  readonly #dir: string;
  readonly #end: () => Promise<void>;
  readonly #clients: Redis[] = [];

  private constructor(port: number, dir: string, certificate: string, end: () => Promise<void>) {
    this.port = port;
    this.certificateFile = join(dir, 'redis.crt');
    this.#certificate = certificate;
    this.#dir = dir;
    this.#end = end;
  }

  static async start(): Promise<SecuredRedis> {
    const dir = mkdtempSync(join(tmpdir(), 'secured-redis-'));
    const { key, cert } = selfSignedCertificate('localhost');
    writeFileSync(join(dir, 'redis.key'), key);
    writeFileSync(join(dir, 'redis.crt'), cert);
    copyFileSync(`${DEPLOY}redis.conf`, join(dir, 'redis.conf'));
    writeFileSync(join(dir, 'users.acl'), withPasswords(readFileSync(`${DEPLOY}users.acl`, 'utf8')));
    const port = await freePort();
    const options = {
      ...{ dir, bind: '127.0.0.1 ::1', aclfile: join(dir, 'users.acl'), logfile: join(dir, 'redis.log') },
      ...{ port: '0', 'tls-port': String(port), 'tls-auth-clients': 'no' },
      ...{ 'tls-cert-file': join(dir, 'redis.crt'), 'tls-key-file': join(dir, 'redis.key') },
    };
    const child = spawn(
      findRedis()?.path ?? 'redis-server',
      [join(dir, 'redis.conf'), ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])],
      { stdio: 'ignore', detached: true },
    );
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const release = outlive(child.pid ?? 0, dir);
    const redis = new SecuredRedis(port, dir, cert, async () => {
      child.kill('SIGTERM');
      await exited;
      release();
    });
    const words = () => `an answer from Redis; it wrote:\n${readFileSync(join(dir, 'redis.log'), 'utf8')}`;
    try {
      const client = redis.connect('intacct-worker');
      await until(words, async () => (await client.ping().catch(() => '')) === 'PONG');
      // Without this right BullMQ tries to connect for ever.
      await Promise.all([client, redis.connect('intacct-consumer')].map((one) => one.info('server')));
    } catch (error) {
      await redis.stop();
      throw error;
    }
    return redis;
  }

  url(user: RedisUser): string {
    return `rediss://${user}:${PASSWORDS[user]}@localhost:${this.port}`;
  }

  /** Open until this server stops. */
  connect(user: RedisUser, role: RedisRole = 'commands'): Redis {
    return this.#open(this.url(user), role);
  }

  /** Every command that was refused for want of a right since the server started. */
  async refusals(): Promise<readonly string[]> {
    const auditor = this.#open(`rediss://${AUDITOR}:${AUDITOR}@localhost:${this.port}`, 'commands');
    const entries = (await auditor.call('ACL', 'LOG', '128')) as unknown[][];
    auditor.disconnect();
    return entries.map((entry) => entry.join(' '));
  }

  #open(url: string, role: RedisRole): Redis {
    // Trusted here by an option: NODE_EXTRA_CA_CERTS is read when a process starts.
    const options = { tls: { ca: this.#certificate } };
    const client = connectRedis(url, { name: 'test', role, options, onError: () => undefined });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.#end();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function withPasswords(acl: string): string {
  return Object.entries(PASSWORDS).reduce(
    (text, [user, password]) => text.replace(`user ${user} on `, `user ${user} on >${password} `),
    `${acl}user ${AUDITOR} on >${AUDITOR} +@connection +info +acl|log\n`,
  );
}
