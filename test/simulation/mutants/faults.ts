/** A deliberate fault: pieces of source text and what stands there instead. */
export interface Fault {
  readonly name: string;
  readonly patches: readonly Patch[];
}

export interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const WINDOW = 'worker/core/window.ts';
const SCAN = 'worker/core/scan.ts';
const PAGE_QUERY = 'worker/core/page-query.ts';
const PROGRESS = 'worker/core/progress.ts';
const SIFT = 'worker/core/sift.ts';
const STREAM_RUN = 'worker/stream-run.ts';
/** The rules of the commit script, which runs inside Redis, as the simulation tells them. */
const STORE = 'test/simulation/store.ts';

const one = (name: string, file: string, from: string, to: string): Fault => ({ name, patches: [{ file, from, to }] });

/** Most are mistakes that public connectors have made; the rest take away one safeguard each. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'pages by offset',
    patches: [
      {
        file: PAGE_QUERY,
        from: 'within(timeField, scan.fromMs, scan.hiMs)',
        to: 'within(timeField, scan.loMs, scan.hiMs)',
      },
      {
        file: PAGE_QUERY,
        from: 'const bounds =\n    scan.tieAfterKey === null',
        to: 'const bounds =\n    scan !== null',
      },
      {
        file: PAGE_QUERY,
        from: 'return query(stream, shape, wanted, orderBy);',
        to: 'return { ...query(stream, shape, wanted, [timeField, stream.keyField]), offset: Number(scan.tieAfterKey ?? 0) };',
      },
      {
        file: SCAN,
        from: 'return scan.tieAfterKey === null ? stepLane(stream, scan, page) : stepTie(stream, scan, scan.tieAfterKey, page);',
        to: 'const done = Number(scan.tieAfterKey ?? 0) + page.records.length; return { take: [...page.records].sort(byStampAndKey), next: page.full ? { ...scan, tieAfterKey: String(done) } : nextLane(stream, scan), strays: 0 };',
      },
    ],
  },
  one('a full probe taken for the whole window', PROGRESS, 'if (page.full) {', 'if (false) {'),
  {
    name: 'cursor one second past the last row of a page',
    patches: [
      { file: SCAN, from: 'stampMs(record) < lastSecondMs)', to: 'stampMs(record) <= lastSecondMs)' },
      {
        file: SCAN,
        from: "fromMs: lastSecondMs, tieAfterKey: alone ? '' : null",
        to: 'fromMs: lastSecondMs + SECOND_MS, tieAfterKey: null',
      },
    ],
  },
  {
    name: 'second order key trusted without a look',
    patches: [
      { file: SCAN, from: 'stampMs(record) < lastSecondMs)', to: 'stampMs(record) <= lastSecondMs)' },
      {
        file: SCAN,
        from: "fromMs: lastSecondMs, tieAfterKey: alone ? '' : null",
        to: 'fromMs: lastSecondMs, tieAfterKey: last.key',
      },
    ],
  },
  one(
    '> for >= at the start of a span',
    PAGE_QUERY,
    "{ field, is: '>=', value: { atMs: loMs } }",
    "{ field, is: '>', value: { atMs: loMs } }",
  ),
  one('no overlap', WINDOW, ' - margins.overlapMs;', ';'),
  one('no sweep', WINDOW, 'settledMs - marks.sweptMs >= margins.sweepEveryMs', 'false'),
  {
    name: 'no settling time',
    patches: [
      {
        file: WINDOW,
        from: 'const settledMs = floorToSecond(serverNowMs - margins.settleMs);',
        to: 'const settledMs = floorToSecond(serverNowMs);',
      },
      {
        file: WINDOW,
        from: 'Math.min(window.hiMs, floorToSecond(serverNowMs - margins.settleMs))',
        to: 'Math.min(window.hiMs, floorToSecond(serverNowMs))',
      },
    ],
  },
  one(
    'watermark = clock at the end of the scan, not the frozen bound',
    WINDOW,
    'const provenMs = Math.min(window.hiMs, floorToSecond(serverNowMs - margins.settleMs));',
    'const provenMs = floorToSecond(serverNowMs - margins.settleMs);',
  ),
  {
    name: 'no upper bound, watermark = newest row seen',
    patches: [
      { file: PAGE_QUERY, from: "is: '<=', value: { atMs: hiMs }", to: "is: '<=', value: { atMs: hiMs + 3_600_000 }" },
      {
        file: SCAN,
        from: 'stampMs(record) >= scan.fromMs && stampMs(record) <= scan.hiMs',
        to: 'stampMs(record) >= scan.fromMs',
      },
      {
        file: SCAN,
        from: 'stampMs(record) >= window.loMs && stampMs(record) <= window.hiMs',
        to: 'stampMs(record) >= window.loMs',
      },
      {
        file: STREAM_RUN,
        from: 'finishWindow(turn.after, nowMs, this.#margins)',
        to: 'finishWindow({ ...turn.after, window: { ...turn.after.window, hiMs: Math.max(turn.after.window.loMs, ...turn.take.map((record) => record.modifiedAtMs ?? record.createdAtMs)) } }, nowMs + this.#margins.settleMs, this.#margins)',
      },
    ],
  },
  {
    name: 'cursor saved before the jobs',
    patches: [
      {
        file: STREAM_RUN,
        from: 'await this.#tools.store.commit(this.#lease, commit);',
        to: `await this.#tools.store.commit(this.#lease, { ...commit, items: [] });
    this.#commitNo += 1;
    if (after.sharedMarks !== null) this.#sharedCommitNo += 1;
    await this.#tools.store.commit(this.#lease, {
      ...commit,
      expected: { commitNo: this.#commitNo, sharedCommitNo: after.sharedMarks === null ? null : this.#sharedCommitNo },
      state: { ...commit.state, commitNo: this.#commitNo + 1 },
      shared: after.sharedMarks === null ? null : { commitNo: this.#sharedCommitNo + 1, marks: after.sharedMarks },
    });`,
      },
    ],
  },
  one(
    'cursor moves although jobs are missing',
    STORE,
    'this.#receipts.set(keys.receipts, receipts);\n    else {',
    'this.#receipts.set(keys.receipts, receipts);\n    {',
  ),
  one(
    'no receipts for a commit that came through in part',
    STORE,
    'if (missing > 0) this.#receipts.set(keys.receipts, receipts);',
    'if (missing > 0) this.#receipts.delete(keys.receipts);',
  ),
  {
    name: 'no fence: neither lease nor commit number is looked at',
    patches: [
      { file: STORE, from: 'if (this.#holder(lease.key) !== lease.token) throw new LeaseLostError();', to: '' },
      { file: STORE, from: "if (overtaken) throw new CommitError('COMMIT_OVERTAKEN', 'overtaken');", to: '' },
      { file: STORE, from: '!isSame(ledger.get(item.ledgerKey), item.known)', to: 'false' },
    ],
  },
  one(
    'commits do not look at what the ledger says by now',
    STORE,
    '!isSame(ledger.get(item.ledgerKey), item.known)',
    'false',
  ),
  one('ledger not consulted', SIFT, "judge(version, known, olderIsNew) === 'seen'", 'false'),
  one(
    'ledger forgotten early',
    SIFT,
    'version.stampMs > keepFromMs ? version',
    'version.stampMs > keepFromMs + margins.sweepBackMs / 2 ? version',
  ),
  one(
    'floor of the ledger too high',
    WINDOW,
    'floorToSecond(window.hiMs - margins.sweepBackMs) - SECOND_MS',
    'floorToSecond(window.hiMs - margins.sweepBackMs / 2) - SECOND_MS',
  ),
  one(
    'what others forgot is not taken into account',
    STORE,
    'Math.max(marks.floorMs, Math.min(forgottenMs, marks.watermarkMs))',
    'marks.floorMs',
  ),
  one(
    'version = stamp, without the content',
    'worker/core/ledger.ts',
    "version.hash === last.hash ? 'seen' : 'new'",
    "'seen'",
  ),
  one(
    'stale reads accepted',
    WINDOW,
    'return marks.setBackMs !== null && window.loMs <= marks.setBackMs + margins.sweepBackMs;',
    'return true;',
  ),
  one(
    'a clock that is set back is not noticed',
    WINDOW,
    'return behind ? { ...marks, setBackMs: marks.watermarkMs } : marks;',
    'return marks;',
  ),
  one(
    "the worker's clock instead of the server's",
    'worker/intacct/server-clock.ts',
    'Math.floor(this.#monotonicNow() + this.#offsetMs)',
    'Math.floor(this.#monotonicNow())',
  ),
  {
    name: 'records that were never modified are not asked for',
    patches: [
      { file: PAGE_QUERY, from: 'createdField === null\n      ? modified', to: 'true\n      ? modified' },
      { file: SCAN, from: "if (scan.lane === 'unmodified' || ", to: 'if (true || ' },
    ],
  },
  one(
    'created by the date of the document',
    'test/simulation/connection.ts',
    "createdField: 'AUWHENCREATED'",
    "createdField: 'WHENCREATED'",
  ),
  one('START_FROM at every start', PROGRESS, 'saved?.marks ?? firstMarks(', 'firstMarks('),
  one('every location emits shared records', 'worker/pollers.ts', "index === 0 ? 'emit' : 'skip'", "'own'"),
  one(
    'a new first location ends its scan for shared records too',
    PROGRESS,
    ' && saved?.scan?.withShared !== false',
    '',
  ),
];
