import { describe, expect, test } from '@jest/globals';
import { createFieldPlans, DEFINITION_LIVES_MS, type Definitions } from '../../../worker/field-plans.js';
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

  test('that an administrator adds are read by all processes from the same moment on', async () => {
    const clock = { nowMs: 0 };
    const shared = sharedBy(clock);
    const before = aPlan(['RECORDNO', 'NAME'], undefined, clock, shared);
    const after = aPlan(['RECORDNO', 'NAME', 'NEW'], undefined, clock, shared);
    await before.plans.select(customer, signal);
    clock.nowMs += 60_000;
    expect(await after.plans.select(customer, signal)).not.toContain('NEW');
    clock.nowMs += 30 * 60_000;
    expect(await after.plans.select(customer, signal)).toContain('NEW');
    expect(await before.plans.select(customer, signal)).toContain('NEW');
  });

  test('of a list come with what the worker itself needs', async () => {
    const { plans, lookups } = aPlan([]);
    const fields = await plans.select(aStream({ fields: ['NAME'] }), signal);
    expect(fields).toEqual(['RECORDNO', 'WHENMODIFIED', 'WHENCREATED', 'NAME', 'MEGAENTITYID']);
    expect(lookups()).toBe(0);
  });
});

/** Lists that live for half an hour from the first offer on, as those in Redis do. */
function sharedBy(clock: { nowMs: number }): Definitions {
  let current: { readonly fields: readonly string[]; readonly untilMs: number } | null = null;
  const read = () =>
    current !== null && clock.nowMs < current.untilMs
      ? { fields: current.fields, livesMs: current.untilMs - clock.nowMs }
      : null;
  return {
    read: async () => read(),
    async share(_object, fields) {
      if (read() === null) current = { fields, untilMs: clock.nowMs + DEFINITION_LIVES_MS };
      return read() ?? { fields, livesMs: 0 };
    },
  };
}

function aPlan(
  ids: readonly string[],
  onDropped: (fields: readonly string[]) => void = () => undefined,
  clock = { nowMs: 0 },
  shared = sharedBy(clock),
) {
  let lookups = 0;
  const plans = createFieldPlans({
    async lookup(_location, object) {
      lookups += 1;
      return { object, fields: ids.map((id) => ({ id, dataType: 'TEXT' })) };
    },
    definitions: shared,
    monotonicNowMs: () => clock.nowMs,
    onDropped: (_stream, fields) => onDropped(fields),
  });
  return { plans, clock, lookups: () => lookups };
}
