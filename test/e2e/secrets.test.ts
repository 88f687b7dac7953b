import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { SageError } from '../simulator/problems.js';
import { Stage, suiteRedisUrl } from '../support/stage.js';
import { until } from '../support/until.js';

/** Characters that XML, URLs and JSON write differently; the part in the middle is the same in all of them. */
const secret = (name: string): string => `p<&>"'é ${name}S3CRET`;

const CREDENTIALS = {
  senderId: 'a-sender',
  senderPassword: secret('Sender'),
  companyId: 'a-company',
  userId: 'a-user',
  userPassword: secret('User'),
};
const WRONG_PASSWORD = secret('Wrong');
const ADMIN_TOKEN = 'admin-token-TokenS3CRET';
const REDIS_PASSWORD = 'RedisS3CRET';
const REDIS_USER = `user-${randomUUID()}`;

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open({ credentials: CREDENTIALS });
  await stage.redis.acl('SETUSER', REDIS_USER, 'on', `>${REDIS_PASSWORD}`, '~*', '&*', '+@all');
});

afterEach(async () => {
  await stage.redis.acl('DELUSER', REDIS_USER);
  await stage.close();
});

test('no secret and no session appears in logs, Redis, metrics, status or process arguments, whatever goes wrong', async () => {
  const { sessions, faults, company } = stage.simulator;
  const sessionIds: string[] = [];
  const open = sessions.open.bind(sessions);
  sessions.open = (location) => {
    const session = open(location);
    sessionIds.push(session.id);
    return session;
  };
  const stampedAtMs = Date.now() - 5_000;
  company.create('CUSTOMER', { NAME: 'Good' }, { stampedAtMs });
  company.create('CUSTOMER', { NAME: 'Poisoned', WHENMODIFIED: 'never' }, { stampedAtMs });
  const url = new URL(suiteRedisUrl());
  url.username = REDIS_USER;
  url.password = REDIS_PASSWORD;
  const environment = { REDIS_URL: url.href, ADMIN_TOKEN, LOG_LEVEL: 'trace' };

  const worker = await stage.startWorker(environment);
  await worker.polled(1);
  faults.add({ kind: 'expire-session' });
  faults.add({ kind: 'http-status', status: 500, body: 'Internal error' }, { after: 2 });
  faults.add({ kind: 'reset' }, { after: 3 });
  faults.add({ kind: 'html-page' }, { after: 4 });
  faults.add({ kind: 'cut-body', atByte: 300 }, { after: 5 });
  await until('every fault to befall', () => faults.list().length === 0);
  // Refusals that repeat what was sent, and a poll that fails for good: its reason and stack stay in Redis.
  faults.add({ kind: 'function-failure', error: sayingSecrets('DL02000001') }, { functionName: 'query' });
  faults.add({ kind: 'control-failure', error: sayingSecrets('XL03000003') }, { after: 1 });
  await until('every refusal to befall', () => faults.list().length === 0);
  await worker.polledAgain(1);
  const stream = `${CREDENTIALS.companyId}~all~CUSTOMER`;
  const pages = ['/metrics', '/status', '/readyz', '/healthz', '/', `/streams/${stream}`, '/%00'];
  const calls = [ADMIN_TOKEN, WRONG_PASSWORD].map(async (token) => {
    const headers = { authorization: `Bearer ${Buffer.from(token).toString('latin1')}` };
    const response = await fetch(`${worker.url}/streams/${encodeURIComponent(stream)}/resume`, {
      method: 'POST',
      headers,
    });
    return `${response.status} ${await response.text()}`;
  });
  const seen = [
    worker.output(),
    argumentsOf(worker.pid),
    ...(await Promise.all(pages.map(async (path) => (await worker.get(path)).text))),
    ...(await Promise.all(calls)),
  ];
  await worker.stop();
  const refused = await stage.startWorker({ ...environment, INTACCT_USER_PASSWORD: WRONG_PASSWORD });
  await until('a refused sign-in', () => stage.simulator.stats.counters.failedLogins > 0);
  await until('its report', () => refused.log('poll.finished').length > 0);
  seen.push((await refused.get('/status')).text, argumentsOf(refused.pid));
  await refused.stop();
  seen.push(worker.output(), refused.output(), await stage.everythingInRedis());

  const passwords = [CREDENTIALS.senderPassword, CREDENTIALS.userPassword, WRONG_PASSWORD, ADMIN_TOKEN, REDIS_PASSWORD];
  const forms = [...passwords, ...sessionIds].flatMap((text) => [text, Buffer.from(text).toString('base64')]);
  expect(sessionIds.length).toBeGreaterThan(1);
  expect(seen.join('\n')).toContain('failedReason');
  if (existsSync('/proc/self/cmdline')) expect(seen.join('\n')).toContain('dist/worker/main.js');
  expect(seen.join('\n')).toContain('a-company');
  expect(seen.join('\n').match(/.{0,80}S3CRET.{0,20}/g)).toBeNull();
  expect(forms.filter((form) => seen.some((text) => text.includes(form)))).toEqual([]);
});

/** As if Intacct gave back what it was sent. */
function sayingSecrets(errorno: string): SageError {
  const { senderPassword, userPassword } = CREDENTIALS;
  return { errorno, description2: `There was an error with ${userPassword} of ${senderPassword}.` };
}

/** What anybody on the machine sees of a process; nothing where there is no /proc to look it up in. */
function argumentsOf(pid: number): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
