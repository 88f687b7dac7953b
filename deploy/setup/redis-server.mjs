// A Redis server of one's own: found on PATH, started on a free loopback port in a folder that goes away with it.
// Plain JavaScript because the set-up step runs it before anything is installed; Valkey serves as well as Redis.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const OLDEST_REDIS = '6.2';

const READY_WITHIN_MS = 10_000;
const STOPPED_WITHIN_MS = 5_000;
const BIND_ATTEMPTS = 5;
// Where package managers put servers although the PATH of a plain user or of an IDE does not name it.
const MORE_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/opt/homebrew/bin'];

/**
 * @typedef {object} RedisProgram
 * @property {string} path
 * @property {string} name redis-server or valkey-server
 * @property {string} version
 * @property {boolean} recentEnough
 */

/**
 * @typedef {object} RedisOptions
 * @property {'always' | 'everysec'} [appendonly] keep data through restarts; without it a restart is empty
 * @property {number} [port] default: a free one
 * @property {string} [dir] default: a new temporary folder, removed by stop()
 * @property {string} [maxmemory] as Redis writes it: 64mb; writes beyond it are refused (noeviction)
 * @property {readonly string[]} [args] more command line options for the server
 */

/**
 * @typedef {object} RedisServer
 * @property {string} url
 * @property {number} port
 * @property {number} pid of the process running now; changes with restart()
 * @property {string} dir
 * @property {() => Promise<void>} kill9 SIGKILL, as a power cut would; waits until the process is gone
 * @property {() => Promise<void>} restart stops it if it runs, starts it on the same port and folder, waits until it answers
 * @property {() => Promise<void>} stop may be called twice
 */

/** @param {string} version */
function isRecentEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * The first server recent enough on PATH, else one that is too old, else undefined.
 *
 * @returns {RedisProgram | undefined}
 */
export function findRedis() {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS].filter((folder) => folder !== '');
  /** @type {RedisProgram | undefined} */
  let tooOld;
  for (const name of ['redis-server', 'valkey-server']) {
    for (const path of new Set(folders.map((folder) => join(folder, name)))) {
      try {
        accessSync(path, constants.X_OK);
        const version = / v=(\d+\.\d+\.\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1];
        if (version === undefined) continue;
        const program = { path, name, version, recentEnough: isRecentEnough(version) };
        if (program.recentEnough) return program;
        tooOld ??= program;
      } catch {
        // Not there, or not a program that runs here: look further.
      }
    }
  }
  return tooOld;
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/**
 * Is it this very process that answers on the port? Another server may have taken the port in the meantime.
 *
 * @param {number} port
 * @param {number} pid
 * @returns {Promise<boolean>} false while nobody answers, or the data are still loading
 */
function answers(port, pid) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let reply = '';
    /** @param {boolean} answer */
    const settle = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('connect', () => socket.write('PING\r\nINFO server\r\n'));
    socket.on('data', (chunk) => {
      reply += chunk;
      if (reply.startsWith('-')) settle(false);
      else if (/process_id:\d+\r\n/.test(reply))
        settle(reply.startsWith('+PONG') && reply.includes(`process_id:${pid}\r\n`));
    });
  });
}

/**
 * Ends the server, and removes its folder, when this process dies without doing so itself (kill -9, a CI time-out):
 * a shell that waits for the end of a pipe which only this process holds open.
 *
 * @param {number} pid
 * @param {string | undefined} temporaryDir
 */
export function outlive(pid, temporaryDir) {
  const script = 'cat >/dev/null; kill -9 "$0" 2>/dev/null; [ -z "$1" ] || rm -rf "$1"';
  const watcher = spawn('sh', ['-c', script, String(pid), temporaryDir ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {});
  watcher.unref();
  /** @type {import('node:net').Socket} */ (watcher.stdin).unref();
  // The whole group: the shell and the cat it waits for.
  return () => {
    try {
      if (watcher.pid !== undefined) process.kill(-watcher.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  };
}

/**
 * Starts a private Redis server on loopback and waits until it answers. Nothing is written to disk unless `appendonly` says so,
 * and nothing is ever evicted. The caller stops it; should the caller die first, the server goes with it.
 *
 * @param {RedisOptions} [options]
 * @returns {Promise<RedisServer>}
 */
export async function startRedis(options = {}) {
  const program = findRedis();
  if (program === undefined || !program.recentEnough) {
    throw new Error(`no Redis server >= ${OLDEST_REDIS} found; "npm run setup" installs one or says how`);
  }
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'private-redis-'));
  const isTemporary = options.dir === undefined;
  mkdirSync(dir, { recursive: true });
  const log = join(dir, 'redis.log');
  let port = options.port ?? (await freePort());
  /** @type {{ child: import('node:child_process').ChildProcess, exited: Promise<void>, pid: number } | undefined} */
  let running;
  let pid = 0;

  async function launch() {
    const child = spawn(
      program?.path ?? '',
      [
        ...[
          '--port',
          String(port),
          '--bind',
          '127.0.0.1',
          '--dir',
          dir,
          '--logfile',
          log,
          '--daemonize',
          'no',
          '--save',
          '',
        ],
        ...['--appendonly', options.appendonly ? 'yes' : 'no', '--appendfsync', options.appendonly ?? 'no'],
        ...['--maxmemory', options.maxmemory ?? '0', '--maxmemory-policy', 'noeviction'],
        ...(options.args ?? []),
      ],
      // A group of its own: Ctrl-C in a terminal is for its owner, who may still have something to write before stopping it.
      { stdio: 'ignore', detached: true },
    );
    /** @type {Promise<void>} */
    const exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    pid = child.pid ?? 0;
    const release = outlive(pid, isTemporary ? dir : undefined);
    const mine = { child, exited, pid };
    running = mine;
    void exited.then(() => {
      release();
      if (running === mine) running = undefined;
    });

    const deadline = performance.now() + READY_WITHIN_MS;
    while (running === mine && performance.now() < deadline) {
      if (await answers(port, pid)) return;
      await sleep(20);
    }
    await end('SIGKILL');
    throw new Error(`${program?.name} did not answer on port ${port}: ${lastWords()}`);
  }

  function lastWords() {
    try {
      return readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ');
    } catch {
      return 'it wrote no log';
    }
  }

  /** @param {'SIGTERM' | 'SIGKILL'} signal */
  async function end(signal) {
    const ending = running;
    if (ending === undefined) return;
    ending.child.kill(signal);
    const impatience = setTimeout(() => ending.child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await ending.exited;
    clearTimeout(impatience);
  }

  async function stop() {
    await end('SIGTERM');
    if (isTemporary) rmSync(dir, { recursive: true, force: true });
  }

  for (let attempt = 1; ; attempt++) {
    try {
      await launch();
      break;
    } catch (error) {
      // Between finding a free port and binding it somebody else may have taken it.
      if (options.port !== undefined || attempt === BIND_ATTEMPTS || !/in use|bind/i.test(String(error))) {
        await stop();
        throw error;
      }
      port = await freePort();
    }
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return pid;
    },
    dir,
    kill9: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await launch();
    },
    stop,
  };
}
