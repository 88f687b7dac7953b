import { type Row, row } from './row.js';

const SIMULATION = 'simulation/incidents.test.ts › a tick';
const REDIS = 'e2e/redis-trouble.test.ts';
const KILL = 'e2e/kill-at-each-step.test.ts › kill -9 of a worker';
const INTACCT = 'e2e/intacct-trouble.test.ts';
const CHAOS =
  'e2e/chaos.test.ts › replicas killed, Redis killed and its scripts flushed while records change: all is delivered, nothing twice';

/** Nothing lost, nothing twice, marks only forward, up to date within three polls after the fault, unless the row says more. */
export const FAULTS: readonly Row[] = [
  row(
    'F1',
    'kill -9 of the worker, at each step of a commit and at random',
    'A successor goes on from the last commit; nothing is lost or repeated.',
    `${KILL} › between any two steps of a commit loses nothing and repeats nothing`,
    `${KILL} › after a commit, before its lease is given back or its poll is ended, repeats nothing`,
    CHAOS,
  ),
  row(
    'F2',
    'a crash, or a lost answer, at every await of a tick, exhaustively',
    'Nothing is lost or repeated, also when two ticks in a row end so.',
    'simulation/each-await.test.ts › %s › loses and repeats nothing, whichever await of a tick ends so: %s',
    'simulation/each-await.test.ts › nor when two ticks in a row end so: %s',
  ),
  row(
    'F3',
    'stories at random: changes, crashes, outages, lags, clocks, locations that come and go',
    'Every promise is kept in every story (that they catch deliberate faults: test/simulation/MUTANTS.md).',
    'simulation/simulation.test.ts › keeps every promise in %s stories of › %s',
  ),
  row(
    'F4',
    'Redis killed five times (append-only file)',
    'The worker comes back by itself; what was acknowledged is there.',
    `${REDIS} › Redis killed five times with an append-only file: nothing is missing, nothing comes twice`,
    CHAOS,
  ),
  row(
    'F5',
    'Redis emptied while the worker runs',
    'Said at error level; schedules come back by themselves; streams start again at START_FROM.',
    `${REDIS} › Redis emptied while the worker runs: said loudly, schedules come back, streams start at START_FROM`,
    'unit/worker/state-loss.test.ts › state › that was seen before and is gone is told, once',
  ),
  row(
    'F6',
    'Redis set back to an older copy',
    'What was enqueued since then comes again, and nothing else.',
    `${REDIS} › Redis set back to an older copy: what was enqueued since comes again, nothing else does, nothing is missing`,
  ),
  row(
    'F7',
    'the reply to a commit lost after Redis has done it, 25 times',
    'The next attempt goes on from what is there.',
    'integration/lost-replies.test.ts › a commit › whose reply is lost, %s times: the next one goes on from what was done, nothing is missing or twice',
    'e2e/kill-at-each-step.test.ts › a worker whose connection breaks › when a commit was done and its reply is lost enqueues nothing twice',
    `${SIMULATION} › emits nothing twice when the reply to a commit is lost`,
  ),
  row(
    'F8',
    'Redis accepts connections and answers nothing',
    'Commands fail in time, /readyz says so, work goes on afterwards.',
    `${REDIS} › Redis accepts and does not answer for a while: not ready, said, and made up for afterwards`,
    'unit/shared/redis.test.ts › a command to a Redis that accepts and never answers fails in time, and the dead connection is replaced',
  ),
  row(
    'F9',
    'Redis (nearly) out of memory',
    'The watermark stays, log and metrics say so, the rest comes when there is room.',
    `${REDIS} › Redis nearly out of memory: streams stop loudly where they are, and go on by themselves when there is room`,
    `${REDIS} › Redis out of memory: said loudly, and no watermark moves`,
    'integration/lost-replies.test.ts › a commit › while Redis is out of memory moves nothing, and the next one brings all of it',
  ),
  row(
    'F10',
    'SCRIPT FLUSH again and again',
    'Every poll does its work.',
    `${REDIS} › scripts of Redis flushed again and again: every poll does its work`,
    'integration/commit.test.ts › commit › loses nothing when the scripts of Redis are flushed between two commits',
  ),
  row(
    'F11',
    'several workers on one poller',
    'One at a time holds the lease; a killed one is replaced.',
    'e2e/replicas.test.ts › replicas › share the pollers of a company, and each change comes once',
    'e2e/replicas.test.ts › replicas › one of which is killed while Intacct works for it: another takes its poller over',
    'integration/leases.test.ts › the lease of a poller › is held by one, and passes from hand to hand without anybody being said to have died',
  ),
  row(
    'F12',
    'a worker stopped (SIGSTOP) past its lease, then continued',
    'It cannot commit what it had read.',
    'e2e/replicas.test.ts › replicas › one of which is stopped for longer than its lease: when it wakes up it cannot commit what it read',
    'e2e/replicas.test.ts › replicas › one of which is stopped in the middle of a commit: when it wakes up and has lost its lease, nothing of it counts',
  ),
  row(
    'F13',
    'three of ten requests answered with HTTP 500, 502 or 503',
    'Retried with backoff and jitter; all arrives once.',
    `${INTACCT} › three of ten requests answered with 500, 502 or 503: nothing is missing, nothing comes twice`,
    'unit/intacct/client.test.ts › trouble › that passes is waited out with backoff and jitter',
  ),
  row(
    'F14',
    'HTTP 429 with Retry-After',
    'Nobody sends anything for the company before that time, in any process.',
    `${INTACCT} › 429 with Retry-After: no poller of the company sends anything before, and nothing is missing afterwards`,
    'integration/gate-pauses.test.ts › a company that asks for fewer requests › sends nothing in any process for as long as a 429 asked to stay away',
  ),
  row(
    'F15',
    'an answer slower than the time-out, HTTP 524, a body cut short by size',
    'The request is aborted and its socket closed; smaller pages are asked for, which grow back.',
    'unit/intacct/http.test.ts › a network that fails › with an answer that never comes, or never ends',
    `${INTACCT} › an answer that is too slow or too large for the gateway is asked for in smaller pages, which grow back`,
  ),
  row(
    'F16',
    'connection reset, body cut, wrong Content-Length, chunks missing',
    'The page is refused as a whole and read again.',
    `${INTACCT} › %s: the page is refused as a whole, and read in full once that is over`,
    'unit/intacct/http.test.ts › a body › %s is a cut body',
  ),
  row(
    'F17',
    'the session ends within a scan',
    'One new session, the same page again.',
    `${INTACCT} › a session that ends within a scan is replaced by one sign-in, and the page is asked for again`,
  ),
  row(
    'F18',
    'wrong credentials',
    'One sign-in over all processes and restarts; work goes on when they change or an operator resumes.',
    'e2e/refusals.test.ts › wrong credentials are tried once, in two processes, not after a restart, and no more until they change',
    'e2e/refusals.test.ts › wrong credentials put right in Intacct: an operator resumes the connection, and it goes on',
    'integration/gate-blocks.test.ts › a refused sign-in › sends nothing when Redis was emptied, and tells the other processes again',
  ),
  row(
    'F19',
    'a record becomes visible late, within OVERLAP',
    'It comes with the next poll.',
    'e2e/paging-and-clocks.test.ts › records that become visible late, within OVERLAP, come with the next poll',
  ),
  row(
    'F20',
    'a record becomes visible later than that',
    'It comes with the next sweep, which counts it.',
    'e2e/paging-and-clocks.test.ts › records that become visible later than OVERLAP come with the next sweep',
  ),
  row(
    'F21',
    '5,000 rows stamped with one second',
    'They come whole.',
    'e2e/paging-and-clocks.test.ts › 5,000 rows of one second come whole',
  ),
  row(
    'F22',
    'records change while pages are read',
    'Each comes in its last version; no version comes twice.',
    'e2e/paging-and-clocks.test.ts › records that change while pages are read come in their last version, once each',
  ),
  row(
    'F23',
    'clocks: of the worker an hour off, of Intacct hours off or set back',
    "Windows go by Intacct's clock; polls go on.",
    "e2e/paging-and-clocks.test.ts › the worker's own clock is off by %i h: it polls and misses nothing",
    'e2e/paging-and-clocks.test.ts › a worker whose clock was an hour ahead is replaced by one whose clock is right: polls go on',
    "e2e/paging-and-clocks.test.ts › Intacct's clock is off by %i hours: windows go by its clock",
    "e2e/paging-and-clocks.test.ts › Intacct's clock is set back by an hour while the worker runs: nothing is missing",
  ),
];
