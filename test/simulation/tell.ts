import fc from 'fast-check';
import { play } from './play.js';
import { Stage } from './stage.js';
import type { Story } from './story.js';

interface Failure {
  readonly claim: string;
  readonly message: string;
  readonly runs: number;
  readonly seed: number;
  readonly path: string;
  readonly story: Story;
}

/** Tells stories of a family until one breaks a claim; shrinks that one. Null: none did. */
export async function firstFailure(
  family: fc.Arbitrary<Story>,
  options: { readonly runs: number; readonly seed: number; readonly shrinkMs?: number; readonly path?: string },
): Promise<Failure | null> {
  const { runs, seed, path } = options;
  let brokenAtMs = 0;
  let first = 0;
  let played = 0;
  const property = fc.asyncProperty(family, async (story) => {
    played += 1;
    // Shrinking stops when its time is over: what does not get tried does not fail.
    if (brokenAtMs > 0 && performance.now() - brokenAtMs > (options.shrinkMs ?? 5_000)) return;
    try {
      await play(story);
    } catch (error) {
      if (brokenAtMs === 0) {
        brokenAtMs = performance.now();
        first = played;
      }
      throw error;
    }
  });
  const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) });
  if (!details.failed) return null;
  const [story] = details.counterexample ?? [];
  if (story === undefined) throw new TypeError('fast-check failed without a counterexample');
  const error = details.errorInstance;
  const claim =
    typeof error === 'object' && error !== null && 'claim' in error ? String(error.claim) : 'No claim: an error';
  return {
    claim,
    message: String(error instanceof Error ? error.stack : error),
    runs: first,
    seed,
    path: details.counterexamplePath ?? '',
    story,
  };
}

/** The story once more, with what the processes did. */
async function retell(story: Story): Promise<string> {
  const stage = new Stage(story.setting);
  const lines = [JSON.stringify(story.setting)];
  try {
    for (const act of story.acts) {
      stage.tell(JSON.stringify(act));
      await stage.act(act);
    }
    await play({ setting: story.setting, acts: [] }, stage);
  } catch (error) {
    stage.tell(String(error));
  }
  return [...lines, ...stage.log].join('\n');
}

/** What broke, the story in short, and how to see it again. */
export async function failureReport(family: string, failure: Failure): Promise<string> {
  const { message, seed, path, story } = failure;
  const again = `npm run test:simulation -- --seed ${seed} --family '${family}' --path ${path}`;
  return `${family}: ${message}\n\n${await retell(story)}\n\nAgain: ${again}`;
}
