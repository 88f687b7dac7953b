import { type Row, row } from './row.js';

export const MORE_FAULTS: readonly Row[] = [
  row(
    'F24',
    'SIGTERM within a page, or right after an answer',
    'Exit status 0 within ten seconds; lease and slot are given back.',
    'e2e/stop-within-a-page.test.ts › SIGTERM within a page: it ends in good order, gives its lease back, and the next worker reads the page',
    'e2e/restart.test.ts › a worker that is stopped and started again › while Intacct does not answer ends in time, and misses nothing afterwards',
    'unit/intacct/http-abort.test.ts › a stop that comes while an answer is unpacked ends the request and not the process',
  ),
  row(
    'F25',
    'hundreds of idle polls over a large ledger',
    'Handles, keys and memory stay flat (for hours of it: npm run test:soak).',
    'e2e/idle.test.ts › hundreds of idle polls over a large ledger leave no handle, no key and no memory behind',
  ),
  row(
    'F26',
    'no permission for one object',
    "Its stream alone is blocked, shown in Sage's words, probed hourly.",
    'e2e/refusals.test.ts › no permission for one object: its stream alone is blocked, in the words of Sage, and goes on when a later probe goes well',
  ),
  row(
    'F27',
    'a queue that nobody empties',
    'Its streams stop where they are, loudly, and go on by themselves.',
    'e2e/operators.test.ts › a queue that nobody empties: its streams stop with their watermark where it is, and go on by themselves',
  ),
  row(
    'F28',
    "the month's budget is spent",
    'Said once, shown in /status and metrics; intervals stretch.',
    "e2e/refusals.test.ts › the month's budget is spent: it is said, shown, and polls become rare",
  ),
  row(
    'F29',
    'many pollers of one company in two processes',
    'One request in flight between them.',
    'e2e/operators.test.ts › two processes and four locations have one request in flight between them',
  ),
  row(
    'F30',
    'replicas with two configurations; a rolling restart',
    'They do not fight over the schedules, both say so; nothing is lost or repeated.',
    'e2e/replicas.test.ts › replicas › with two configurations do not fight over the schedules, and both say that they differ',
    'e2e/replicas.test.ts › replicas › that are replaced one after the other while records change lose and repeat nothing',
  ),
  row(
    'F31',
    'Redis away when the worker starts',
    'Said once, told by /readyz, waited for.',
    'e2e/bad-start.test.ts › Redis away when the worker starts › is said once, told by /readyz, waited for, and made up for',
  ),
  row(
    'F32',
    'everything fails in turn, at log level trace',
    'No secret and no session id in logs, Redis, metrics, pages or process arguments.',
    'e2e/secrets.test.ts › no secret and no session appears in logs, Redis, metrics, status or process arguments, whatever goes wrong',
  ),
];
