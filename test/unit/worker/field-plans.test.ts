import { describe, expect, test } from '@jest/globals';
import { createFieldPlans } from '../../../worker/field-plans.js';
import { aStream } from '../../support/streams.js';

const signal = new AbortController().signal;
const customer = aStream();

describe('fields', () => {
  test('that were refused to one location are no trouble when the other hears of it too', async () => {
    const dropped: (readonly string[])[] = [];
    const { plans } = aPlan(['RECORDNO', 'NAME', 'ODD'], (fields) => dropped.push(fields));
    const asked = await plans.select(customer, signal);

    expect(plans.drop(customer, ['ODD'], asked)).toBe(true);
    expect(plans.drop(customer, ['ODD'], asked)).toBe(true);

    expect(dropped).toEqual([['ODD']]);
    expect(await plans.select(customer, signal)).not.toContain('ODD');
  });

  test('that are refused although nobody asked for them are not asked about for ever', async () => {
    const { plans } = aPlan(['RECORDNO', 'ODD']);
    plans.drop(customer, ['ODD'], await plans.select(customer, signal));

    expect(plans.drop(customer, ['ODD'], await plans.select(customer, signal))).toBe(false);
  });

  test('without which nothing works are not dropped', () => {
    const { plans } = aPlan(['RECORDNO']);
    expect(plans.drop(customer, ['WHENMODIFIED'], ['WHENMODIFIED'])).toBe(false);
  });

  test('are looked up once for half an hour, and then again, since an administrator may have added one', async () => {
    const { plans, clock, lookups } = aPlan(['RECORDNO']);
    await plans.select(customer, signal);
    await plans.select(customer, signal);
    expect(lookups()).toBe(1);
    clock.nowMs += 31 * 60_000;
    await plans.select(customer, signal);
    expect(lookups()).toBe(2);
  });

  test('of a list come with what the worker itself needs', async () => {
    const { plans, lookups } = aPlan([]);
    const fields = await plans.select(aStream({ fields: ['NAME'] }), signal);
    expect(fields).toEqual(['RECORDNO', 'WHENMODIFIED', 'WHENCREATED', 'NAME', 'MEGAENTITYID']);
    expect(lookups()).toBe(0);
  });
});

function aPlan(ids: readonly string[], onDropped: (fields: readonly string[]) => void = () => undefined) {
  const clock = { nowMs: 0 };
  let lookups = 0;
  const plans = createFieldPlans({
    async lookup(_location, object) {
      lookups += 1;
      return { object, fields: ids.map((id) => ({ id, dataType: 'TEXT' })) };
    },
    monotonicNowMs: () => clock.nowMs,
    onDropped: (_stream, fields) => onDropped(fields),
  });
  return { plans, clock, lookups: () => lookups };
}
