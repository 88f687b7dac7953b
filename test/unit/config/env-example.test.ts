import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { describeSettings } from '../../../worker/config/describe-settings.js';
import { ENVIRONMENT } from '../../../worker/config/environment.js';
import { load, VALID_ENV } from './sources.js';

const text = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
const entries = [...text.matchAll(/^# (.+)\n([A-Z_]+)=(.*)$/gm)].map(([, meaning = '', name = '', value = '']) => ({
  name,
  value,
  meaning,
}));

describe('.env.example', () => {
  test('holds every variable that the worker reads, in order, with its default and meaning, and no other', () => {
    expect(entries).toEqual(
      ENVIRONMENT.map(({ name, meaning, default: value }) => ({ name, value: value ?? '', meaning })),
    );
    expect(text.match(/^[A-Z_]+=/gm)).toHaveLength(ENVIRONMENT.length);
  });

  test('names every variable that can be read from a file', () => {
    const names = ENVIRONMENT.filter(({ fromFile }) => fromFile).map(({ name }) => name);
    expect(text).toContain(`# ${names.join(', ')}\n`);
  });

  test('copied as it is, changes nothing', () => {
    const copied = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
    const plain = load(VALID_ENV);
    const loaded = load({ ...copied, ...VALID_ENV });
    expect(describeSettings(loaded.settings)).toEqual(describeSettings(plain.settings));
    expect(loaded.settings.redisUrl.reveal()).toBe(plain.settings.redisUrl.reveal());
    expect(loaded.warnings).toEqual([]);
  });
});
