import { describe, expect, test } from '@jest/globals';
import { InvalidEventError, parseTriggerEvent } from '../../../shared/index.js';
import { validEvent } from './valid-event.js';

type Mutable = Record<string, unknown> & { data: Record<string, unknown> };
const changed = (change: (event: Mutable) => unknown) => {
  const event = JSON.parse(JSON.stringify(validEvent())) as Mutable;
  change(event);
  return event;
};

test('an event is given back as it came, odd field names included', () => {
  const event: unknown = JSON.parse(
    JSON.stringify(validEvent()).replace('"NAME"', '"__proto__":"kept","constructor":"kept","NAME"'),
  );
  expect(parseTriggerEvent(event)).toBe(event);
  expect(Object.entries(parseTriggerEvent(event).data.record)).toContainEqual(['__proto__', 'kept']);
});

test('fields that a newer worker adds pass', () => {
  const event = changed((it) => {
    it['traceparent'] = '00-1';
    it.data['sequence'] = 7;
  });
  expect(parseTriggerEvent(event)).toBe(event);
});

test('what Intacct does not know is null', () => {
  const event = changed((it) => {
    Object.assign(it.data, { location: null, modifiedAt: null, createdAt: null, record: { A: null } });
  });
  expect(parseTriggerEvent(event)).toBe(event);
});

describe('what is no event', () => {
  test.each([
    ['specversion', changed((it) => Object.assign(it, { specversion: '2.0' }))],
    ['id', changed((it) => Object.assign(it, { id: undefined }))],
    ['time', changed((it) => Object.assign(it, { time: '11/22/2026 04:30:00' }))],
    ['data.op', changed((it) => Object.assign(it.data, { op: 'vanished' }))],
    ['data.key', changed((it) => Object.assign(it.data, { key: 1234 }))],
    ['data.key', changed((it) => Object.assign(it.data, { key: '' }))],
    ['data.detectedAt', changed((it) => Object.assign(it.data, { detectedAt: null }))],
    ['data.record', changed((it) => Object.assign(it.data, { record: { AMOUNT: 12.5 } }))],
    ['data.record', changed((it) => Object.assign(it.data, { record: ['a'] }))],
    ['event', 'a text'],
    ['event', undefined],
  ])('%s is named (%#)', (place, event) => {
    expect(() => parseTriggerEvent(event)).toThrow(InvalidEventError);
    expect(() => parseTriggerEvent(event)).toThrow(new RegExp(`^Not a trigger event: ${place}: `));
  });

  test('a row never shows in the message', () => {
    const event = changed((it) => {
      Object.assign(it, { specversion: 'salary 1', time: 'salary 2', datacontenttype: 'salary 3' });
      Object.assign(it.data, { op: 'salary 4', modifiedAt: 'salary 5', record: { PAY: 6, NOTE: 'salary 7' } });
    });
    try {
      parseTriggerEvent(event);
    } catch (error) {
      expect(error).toMatchObject({ problems: { length: 6 } });
      expect(String(error)).not.toContain('salary');
      return;
    }
    throw new Error('parsed');
  });
});
