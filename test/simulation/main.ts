import { parseArgs } from 'node:util';
import { FAMILIES } from './stories.js';
import { failureReport, firstFailure } from './tell.js';

/** npm run test:simulation -- --runs N [--seed S] [--family text] [--path P]: stories without end, in rounds of one seed each. */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    family: { type: 'string' },
    path: { type: 'string' },
  },
});
const runs = Number(values.runs);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const families = Object.entries(FAMILIES).filter(
  ([name]) => values.family === undefined || name.includes(values.family),
);
const STORIES_A_ROUND = 500;

const startedAtMs = performance.now();
let told = 0;
for (let seed = firstSeed; told < runs; seed += 1) {
  for (const [name, family] of families) {
    const count = Math.min(STORIES_A_ROUND, runs - told);
    const failure = await firstFailure(family, {
      runs: count,
      seed,
      ...(values.path === undefined ? {} : { path: values.path }),
    });
    told += count;
    if (failure === null) continue;
    console.log(`FAIL  ${await failureReport(name, failure)}`);
    process.exit(1);
  }
  console.log(
    `${told} stories in ${Math.round((performance.now() - startedAtMs) / 1000)} s, none broke a claim (last seed ${seed})`,
  );
}
