import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectRedis, describeRedisUrl, type Redis, reconnectDelayMs } from '../../../shared/redis.js';
import { Secret } from '../../../shared/secret.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) {
    close();
  }
});

function opened(redis: Redis): Redis {
  closers.push(() => redis.disconnect());
  return redis;
}

/** Speaks just enough of the protocol for a client to become ready, then answers what `answer` says, or nothing. */
async function fakeRedis(answer: (command: string, socket: Socket) => string | undefined): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const [, command = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const name = command.toLowerCase();
        const handshake = { hello: '+OK\r\n', client: '+OK\r\n', info: '$0\r\n\r\n' }[name];
        socket.write(handshake ?? answer(name, socket) ?? '');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const address = server.address();
  return `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const quiet = () => undefined;

describe('a transaction', () => {
  test('fails when its connection breaks, instead of waiting for ever or running again without its WATCH', async () => {
    const commands: string[] = [];
    const url = await fakeRedis((command, socket) => {
      commands.push(command);
      socket.destroy();
      return undefined;
    });
    const redis = opened(connectRedis(url, { name: 'test', role: 'transactions', onError: quiet }));
    await new Promise((resolve) => redis.once('ready', resolve));

    await expect(redis.multi().set('a', '1').exec()).rejects.toThrow();
    await new Promise((resolve) => redis.once('ready', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(commands.filter((command) => command === 'multi')).toHaveLength(1);
  });

  test('fails at once while Redis is away', async () => {
    const redis = opened(connectRedis('redis://127.0.0.1:1', { name: 'test', role: 'transactions', onError: quiet }));
    await expect(redis.watch('lease')).rejects.toThrow();
  });
});

test('a command to a Redis that accepts and never answers fails in time, and the dead connection is replaced', async () => {
  const url = await fakeRedis(() => undefined);
  const redis = opened(
    connectRedis(url, {
      name: 'test',
      role: 'commands',
      onError: quiet,
      options: { commandTimeout: 50, socketTimeout: 100 },
    }),
  );
  const closed = new Promise((resolve) => redis.once('close', resolve));
  await expect(redis.get('a')).rejects.toThrow('Command timed out');
  await closed;
  await new Promise((resolve) => redis.once('ready', resolve));
});

test('after a failover the connection to what is a replica now is given up', async () => {
  const url = await fakeRedis(() => "-READONLY You can't write against a read only replica.\r\n");
  const redis = opened(connectRedis(url, { name: 'test', role: 'commands', onError: quiet }));
  await expect(redis.set('a', '1')).rejects.toThrow('READONLY');
  await new Promise((resolve) => redis.once('reconnecting', resolve));
});

test('each role has the time limits that fit it', () => {
  const optionsOf = (role: 'commands' | 'blocking' | 'transactions', url = 'redis://127.0.0.1:1') =>
    opened(connectRedis(url, { name: 'test', role, onError: quiet, options: { lazyConnect: true } })).options;

  expect(optionsOf('blocking')).toMatchObject({ maxRetriesPerRequest: null, connectionName: 'test' });
  expect(optionsOf('blocking').commandTimeout).toBeUndefined();
  expect(optionsOf('commands').commandTimeout).toBe(5_000);
  expect(optionsOf('transactions')).toMatchObject({ autoResendUnfulfilledCommands: false, enableOfflineQueue: false });
  expect(optionsOf('commands', 'rediss://host:1').tls).toBeTruthy();
  expect(optionsOf('commands', 'redis://host:1').tls).toBeFalsy();
});

test('a fleet comes back spread out, and never waits long', () => {
  expect([1, 2, 3, 20, 2_000].map((attempt) => reconnectDelayMs(attempt, 1))).toEqual([100, 200, 400, 5_000, 5_000]);
  expect([1, 2, 3, 20, 2_000].map((attempt) => reconnectDelayMs(attempt, 0))).toEqual([50, 100, 200, 2_500, 2_500]);
});

test.each([
  ['redis://user:hunter2@host:6379/2?password=hunter2', 'redis://host:6379/2'],
  ['rediss://:hunter2@[::1]:6380/', 'rediss://[::1]:6380'],
  ['hunter2', '(not a URL)'],
])('no password is shown of a URL (%#)', (url, shown) => {
  expect(describeRedisUrl(url)).toBe(shown);
  expect(describeRedisUrl(new Secret(url))).toBe(shown);
});
