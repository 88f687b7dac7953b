import { FAMILIES } from '../stories.js';
import { firstFailure } from '../tell.js';

/** hunt.js <seed> <stories>: stories of all families in turn until one breaks a claim. Prints what broke, or null, as JSON. */
const [seed = 1, stories = 1_000] = process.argv.slice(2).map(Number);
const STORIES_A_TURN = 100;

let told = 0;
let caught: { claim: string; family: string; seed: number; stories: number; message: string } | null = null;
for (let round = 0; caught === null && told < stories; round += 1) {
  for (const [family, kind] of Object.entries(FAMILIES)) {
    const failure = await firstFailure(kind, { runs: STORIES_A_TURN, seed: seed + round, shrinkMs: 0 });
    told += failure?.runs ?? STORIES_A_TURN;
    if (failure === null) continue;
    const { claim, message } = failure;
    caught = { claim, family, seed: seed + round, stories: told, message };
    break;
  }
}
console.log(JSON.stringify(caught));
