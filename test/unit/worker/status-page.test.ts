import { describe, expect, test } from '@jest/globals';
import type { ConnectionStatus, Status, StreamStatus } from '../../../worker/http/status.js';
import { renderStatusPage } from '../../../worker/http/status-page.js';

const CONNECTION: ConnectionStatus = {
  name: 'acme',
  companyId: 'acme-co',
  state: 'active',
  blocked: null,
  pausedUntil: null,
  requests: { inFlight: 0, waiting: 0 },
  transactions: { used: 10, forecast: 100, budget: 1000, stretch: 1 },
};
const STREAM: StreamStatus = {
  id: 'acme~all~CUSTOMER',
  connection: 'acme',
  location: 'all',
  object: 'CUSTOMER',
  state: 'active',
  blocked: null,
  watermark: '2026-11-22T04:30:00.000Z',
  lagSeconds: 31,
  everySeconds: 300,
  catchingUp: false,
  trouble: null,
};
const status = (changes: Partial<Status> = {}): Status => ({
  connections: [CONNECTION],
  streams: [STREAM],
  ...changes,
});

describe('the status page', () => {
  test('says first that all is well, when it is', () => {
    expect(renderStatusPage(status(), [])).toContain('<h1 class="good">All streams are being read</h1>');
  });

  test("says first what is wrong, in Sage's own words, and what to do about it", () => {
    const refusal = {
      code: 'NOT_PERMITTED',
      message: 'No permission',
      advice: 'Give the user the right.',
      sageText: 'No!',
    };
    const blocked = { ...refusal, since: '2026-11-22T04:00:00.000Z', probeAt: '2026-11-22T05:00:00.000Z' };
    const page = renderStatusPage(status({ streams: [{ ...STREAM, state: 'blocked', blocked }] }), []);
    expect(page).toContain('<h1 class="bad">1 in trouble</h1>');
    expect(page).toContain('Sage says: “No!”');
    expect(page).toContain('Give the user the right.');
  });

  test('shows the budget before it is spent, and a worker that is not ready', () => {
    const transactions = { used: 900, forecast: 1200, budget: 1000, stretch: 1 };
    const page = renderStatusPage(status({ connections: [{ ...CONNECTION, transactions }] }), [
      'Redis does not answer',
    ]);
    expect(page).toContain('2 in trouble');
    expect(page).toContain('1200 expected this month');
    expect(page).toContain('Redis does not answer');
  });

  test('runs nothing that stands in a name', () => {
    const page = renderStatusPage(status({ streams: [{ ...STREAM, location: '<script>alert(1)</script>' }] }), []);
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});
