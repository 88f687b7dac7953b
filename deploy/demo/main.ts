import { parseArgs } from 'node:util';
import { runDemo } from './demo.js';
import { Screen } from './screen.js';

const USAGE = `Shows what the worker does: a simulated company, a private Redis, the worker, a consumer.

  npm run demo [-- --seconds N]

  --seconds N   stop by itself after N seconds; otherwise with Ctrl-C
`;

class UsageError extends Error {}

function readSeconds(args: readonly string[]): number | null | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { seconds: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) return 'help';
    if (values.seconds === undefined) return null;
    const seconds = Number(values.seconds);
    if (!(seconds > 0 && seconds <= 86_400))
      throw new Error(`--seconds expects a number up to 86400, got "${values.seconds}"`);
    return seconds;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const seconds = readSeconds(process.argv.slice(2));
  if (seconds === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const stop = new AbortController();
  const hurry = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // The reader of a pipe has gone (`| head`): nobody waits for the rest.
  process.stdout.on('error', () => {
    stop.abort();
    hurry.abort();
  });

  const screen = new Screen(process.stdout, process.env);
  const runForMs = seconds === null ? null : seconds * 1_000;
  try {
    const well = await runDemo({ screen, runForMs, stop: stop.signal, hurry: hurry.signal });
    process.exitCode = well ? 0 : 1;
  } catch (error) {
    screen.trouble(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
