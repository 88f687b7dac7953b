import { describe, expect, test } from '@jest/globals';
import { SimClock } from '../../simulator/clock.js';
import { Company } from '../../simulator/company.js';
import { Random } from '../../simulator/random.js';
import { fillSampleCompany } from '../../simulator/sample-company.js';
import { SampleMaker } from '../../simulator/sample-maker.js';
import { formatIso, formatStamp, parseStamp } from '../../simulator/times.js';

const NOON = Date.UTC(2026, 10, 22, 12, 0, 0, 640);
const UTC = { offsetMinutes: 0 };

describe('the books', () => {
  test('stamp in whole seconds and keep the first creation', () => {
    const clock = SimClock.manual(NOON);
    const company = new Company(clock, UTC);
    const { key, values } = company.create('CUSTOMER', { NAME: 'a' });
    expect([values['WHENCREATED'], values['WHENMODIFIED']]).toEqual(['11/22/2026 12:00:00', '11/22/2026 12:00:00']);
    clock.jump(61_000);
    const after = company.update('CUSTOMER', key, { NAME: 'b' });
    expect([after.values['WHENCREATED'], after.values['WHENMODIFIED']]).toEqual([
      '11/22/2026 12:00:00',
      '11/22/2026 12:01:01',
    ]);
    expect(company.update('CUSTOMER', key, { TOTALDUE: '1.00' }, { touch: false }).modifiedAtMs).toBe(
      after.modifiedAtMs,
    );
  });

  test('can leave WHENMODIFIED empty and show any key, also one that is empty or repeated', () => {
    const company = new Company(SimClock.manual(NOON), UTC);
    expect(company.create('CUSTOMER', {}, { modifiedOnCreate: false }).values['WHENMODIFIED']).toBeNull();
    const shown = ['00123', '', '00123', null].map(
      (RECORDNO) => company.create('CUSTOMER', { RECORDNO }).values['RECORDNO'],
    );
    expect(shown).toEqual(['00123', '', '00123', null]);
    expect(new Set(company.current('CUSTOMER').map((record) => record.key)).size).toBe(5);
  });

  test('refuse fields, objects and entities that do not exist, so that a typing error in a test is seen', () => {
    const company = new Company(SimClock.manual(NOON), UTC);
    expect(() => company.create('CUSTOMER', { NAEM: 'x' })).toThrow('NAEM is not a field of CUSTOMER');
    expect(() => company.create('CUSTOMERS')).toThrow('CUSTOMERS is not an object');
    expect(() => company.create('CUSTOMER', {}, { entity: 'x' })).toThrow('x is not an entity');
  });
});

test('times go both ways in the zone of the company, and days that do not exist are refused', () => {
  const india = { offsetMinutes: 330 };
  expect(formatStamp(NOON, india)).toBe('11/22/2026 17:30:00');
  expect(parseStamp('11/22/2026 17:30:00', india)).toBe(NOON - 640);
  expect(formatIso(NOON, { offsetMinutes: -480 })).toBe('2026-11-22T04:00:00-08:00');
  for (const text of [
    '02/30/2026 00:00:00',
    '13/01/2026 00:00:00',
    '01/01/2026 24:00:00',
    '1/1/2026 00:00:00',
    '2026-01-01T00:00:00Z',
  ]) {
    expect(parseStamp(text, UTC)).toBeUndefined();
  }
});

test('the sample company is the same for the same seed and holds records that were never touched', () => {
  const fill = (): Company => {
    const company = new Company(SimClock.manual(NOON), UTC);
    fillSampleCompany(company, { seed: 9 });
    const maker = new SampleMaker(company, new Random(4));
    for (let index = 0; index < 50; index += 1) maker.change();
    return company;
  };
  const [one, two] = [fill(), fill()];
  for (const object of ['CUSTOMER', 'VENDOR', 'APBILL', 'ARINVOICE', 'PROJECT', 'EMPLOYEE']) {
    expect(one.current(object).length).toBeGreaterThan(0);
    expect(one.current(object)).toEqual(two.current(object));
  }
  expect(one.current('CUSTOMER').some((record) => record.modifiedAtMs === null)).toBe(true);
  expect(one.entities).toHaveLength(3);
});
