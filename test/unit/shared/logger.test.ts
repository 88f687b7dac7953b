import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createLogger } from '../../../shared/logger.js';
import { Secret } from '../../../shared/secret.js';

function lines() {
  const texts: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      texts.push(chunk.toString());
      done();
    },
  });
  return { destination, texts };
}

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const { destination, texts } = lines();
  write(createLogger('info', destination));
  return texts.join('');
}

test('one line of JSON, with the time in ISO, the level as a word and the service', () => {
  const text = logged((logger) => {
    logger.debug('not written');
    logger.info({ polls: 1 }, 'poll.finished');
  });
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    service: 'sage-intacct-trigger-worker',
    pid: process.pid,
    polls: 1,
    msg: 'poll.finished',
  });
});

describe('hunter2 stays out of the log', () => {
  test.each([
    ['a secret', { password: new Secret('hunter2'), deep: { deeper: { deepest: { it: new Secret('hunter2') } } } }],
    ['a name at the top', { sessionid: 'hunter2' }],
    ['a name in a request', { request: { headers: { authorization: 'Bearer hunter2' } } }],
    ['a name in a connection', { connection: { userPassword: 'hunter2' } }],
    ['a row', { row: { PAY: 'hunter2' } }],
    ['an error with a URL', { err: new Error('connect redis://:hunter2@host:6379 failed') }],
    [
      'an error with a request',
      { err: new Error('refused <password>hunter2</password><sessionid>hunter2</sessionid>') },
    ],
    [
      'an error that carries the command',
      { err: Object.assign(new Error('NOAUTH'), { command: { args: ['hunter2'] } }) },
    ],
    [
      'its cause',
      { error: new Error('x', { cause: Object.assign(new Error('y'), { options: { body: 'hunter2' } }) }) },
    ],
  ])('as %s', (_, fields) => {
    expect(logged((logger) => logger.info(fields, 'x'))).not.toContain('hunter2');
  });
});

test('an error keeps what finds it: type, message, code, stack and causes', () => {
  const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' });
  const text = logged((logger) => logger.error({ err: new Error('outer', { cause }) }, 'failed'));
  expect(JSON.parse(text)).toMatchObject({
    level: 'error',
    err: {
      type: 'Error',
      message: 'outer',
      stack: expect.stringContaining('logger.test.ts'),
      cause: { type: 'TypeError', message: 'inner', code: 'ECONNRESET' },
    },
  });
});

test('an error that is its own cause is written once more and no further', () => {
  const error = new Error('round');
  error.cause = error;
  expect(logged((logger) => logger.error({ err: error }, 'x')).length).toBeLessThan(20_000);
});

test('whether a secret is set may be said', () => {
  expect(logged((logger) => logger.info({ settings: { adminToken: 'set' } }, 'x'))).toContain('"adminToken":"set"');
});
