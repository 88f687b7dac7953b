import { parseArgs } from 'node:util';
import { fillSampleCompany, startChanges } from './sample-company.js';
import { type Simulator, startSimulator } from './simulator.js';

const USAGE = `A simulated Sage Intacct company over HTTP.

  npm run simulator -- [--port N] [--changes PER_SECOND] [--seed N] [--json]

  --port N              port on the loopback interface (default: a free one)
  --changes PER_SECOND  records created or changed per second (default 0.5; 0 for none)
  --seed N              another seed gives other data (default 7)
  --json                print how to connect as one JSON line
`;

class UsageError extends Error {}

interface Options {
  readonly port: number;
  readonly changesPerSecond: number;
  readonly seed: number;
  readonly json: boolean;
}

function readOptions(args: readonly string[]): Options | null {
  const flags = {
    port: { type: 'string' },
    changes: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  let values: { port?: string; changes?: string; seed?: string; json?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: flags }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return null;
  return {
    port: numberOf('--port', values.port ?? '0', 65_535, true),
    changesPerSecond: numberOf('--changes', values.changes ?? '0.5', 1_000, false),
    seed: numberOf('--seed', values.seed ?? '7', 4_294_967_295, true),
    json: values.json ?? false,
  };
}

function numberOf(name: string, text: string, most: number, whole: boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= most) || (whole && !Number.isInteger(value))) {
    throw new UsageError(`${name} expects ${whole ? 'a whole number' : 'a number'} from 0 to ${most}, got "${text}"`);
  }
  return value;
}

function describe({ url, credentials, port }: Simulator, changesPerSecond: number): string {
  const { senderId, senderPassword, companyId, userId, userPassword } = credentials;
  const pace =
    changesPerSecond === 0
      ? 'No records change by themselves.'
      : `About ${changesPerSecond} records a second are created or changed.`;
  return `A simulated Intacct company is listening. ${pace}

To connect a worker to it, paste this:

export INTACCT_ENDPOINT=${url}
export INTACCT_SENDER_ID=${senderId}
export INTACCT_SENDER_PASSWORD=${senderPassword}
export INTACCT_COMPANY_ID=${companyId}
export INTACCT_USER_ID=${userId}
export INTACCT_USER_PASSWORD=${userPassword}
export INTACCT_OBJECTS=CUSTOMER,VENDOR,APBILL,ARINVOICE

What was asked of it so far:  curl http://127.0.0.1:${port}/_sim/counters
What else can be done to it:  curl http://127.0.0.1:${port}/_sim/
Stop it with Ctrl-C.
`;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(USAGE);
    return;
  }
  const simulator = await startSimulator({ port: options.port, seed: options.seed });
  fillSampleCompany(simulator.company, { seed: options.seed });
  const stopChanges = startChanges(simulator, { perSecond: options.changesPerSecond, seed: options.seed + 1 });
  const { url, credentials } = simulator;
  const stop = (): void => {
    stopChanges();
    void simulator.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // Last, because whoever reads this may send a signal at once.
  process.stdout.write(
    options.json ? `${JSON.stringify({ url, ...credentials })}\n` : describe(simulator, options.changesPerSecond),
  );
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage ? `\n${USAGE}` : ''}`);
  process.exitCode = usage ? 2 : 1;
});
