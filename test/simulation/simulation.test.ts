import { describe, expect, test } from '@jest/globals';
import { FAMILIES } from './stories.js';
import { failureReport, firstFailure } from './tell.js';

/**
 * The claims of witness.ts and at-rest.ts, under stories at random: nothing is lost, nothing is enqueued twice, a record's versions
 * come in order, marks only move forward and never past what is enqueued, the ledger stays bounded.
 */
const STORIES = 300;
const SEED = 1;

describe(`keeps every promise in ${STORIES} stories of`, () => {
  test.each(Object.entries(FAMILIES))(
    '%s',
    async (name, family) => {
      const failure = await firstFailure(family, { runs: STORIES, seed: SEED });
      expect(failure === null ? null : await failureReport(name, failure)).toBeNull();
    },
    120_000,
  );
});
