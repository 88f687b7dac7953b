import type { TriggerEvent } from '../../shared/event.js';
import type { Marks } from '../../worker/core/marks.js';
import { compareKeys } from '../../worker/core/scan.js';
import type { Stream } from '../../worker/core/stream.js';
import type { Commit, SavedStream } from '../../worker/tick-tools.js';
import type { SimulatedTime } from './clock.js';
import type { RecordVersion, SimulatedCompany } from './company.js';
import type { Committed } from './store.js';
import { marginsOf, type Setting } from './story.js';

/** A claim that did not hold. `claim` is one of a few sentences; the message says where it broke. */
export class BrokenClaim extends Error {
  override readonly name = 'BrokenClaim';

  constructor(
    readonly claim: string,
    detail: string,
  ) {
    super(`${claim}: ${detail}`);
  }
}

/** Sees every commit and every job, and knows the company's history, which the worker does not. */
export class Witness {
  readonly #time: SimulatedTime;
  readonly #company: SimulatedCompany;
  readonly #setting: Setting;
  /** Queue and version → how often. */
  readonly #delivered = new Set<string>();
  /** Queue and record → the last version that was delivered. */
  readonly #lastOf = new Map<string, RecordVersion>();
  /** Queue and record of events that came through while others of the same commit did not. */
  readonly #inPart = new Set<string>();
  /** Stream → true time when its window was opened. */
  readonly #openedAt = new Map<string, number>();
  readonly #loadedAt = new Map<string, number>();
  /** Every event, in the order of the queues. */
  readonly history: string[] = [];

  constructor(time: SimulatedTime, company: SimulatedCompany, setting: Setting) {
    this.#time = time;
    this.#company = company;
    this.#setting = setting;
  }

  loaded(stream: Stream, process: string): void {
    this.#loadedAt.set(`${process} ${nameOf(stream)}`, this.#time.nowMs);
  }

  committed(committed: Committed, process: string): void {
    const { commit, kept, before, jobs, whole, forgottenMs } = committed;
    this.#inOrder(commit);
    const marks = before.state?.marks ?? null;
    for (const job of jobs) {
      const event = job.data as TriggerEvent;
      this.#deliver(job.queue, event, commit, event.data.location === null ? (before.shared?.marks ?? marks) : marks);
    }
    if (!whole) {
      for (const { data, queue } of jobs) this.#inPart.add(`${queue} ${(data as TriggerEvent).subject}`);
      return;
    }
    moved(nameOf(commit.stream), kept.state?.marks ?? null, commit.state.marks);
    if (commit.shared !== null)
      moved(`${commit.stream.object} shared`, kept.shared?.marks ?? null, commit.shared.marks);
    const name = nameOf(commit.stream);
    if (before.state?.scan == null) this.#openedAt.set(name, this.#loadedAt.get(`${process} ${name}`) ?? 0);
    if (commit.state.scan === null) this.#windowClosed(commit, before, forgottenMs);
  }

  wasDelivered(version: RecordVersion, queue: string): boolean {
    return this.#delivered.has(`${queue} ${version.no}`);
  }

  /**
   * A hole that is known: a location that was away, or began later, does not look behind where the others have made the ledger
   * forget. What became visible there late is lost.
   */
  isForgiven(version: RecordVersion, forgottenMs: number): boolean {
    const { settleMs } = marginsOf(this.#setting);
    const lateMs = version.visibleAtMs + this.#setting.replicaLagMs - version.stampMs;
    return this.#setting.locations !== null && version.stampMs <= forgottenMs && lateMs > settleMs;
  }

  #inOrder({ items, stream }: Commit): void {
    const events = items.flatMap(({ jobs }) => jobs.slice(0, 1)).map(({ data }) => data as TriggerEvent);
    for (const [index, event] of events.entries()) {
      const last = events[index - 1];
      if (last === undefined) continue;
      const order = Date.parse(last.time) - Date.parse(event.time) || compareKeys(last.data.key, event.data.key);
      if (order >= 0)
        throw new BrokenClaim('A commit enqueues in order of (modified, key)', `${nameOf(stream)} ${event.subject}`);
    }
  }

  #deliver(queue: string, event: TriggerEvent, { stream }: Commit, marks: Marks | null): void {
    const version = this.#company.version(Number(event.data.record['VERSION']));
    if (version === undefined) throw new BrokenClaim('Events come from records', event.subject);
    const what = `${describe(version)} in ${nameOf(stream)} as ${event.data.op}`;
    const last = this.#lastOf.get(`${queue} ${event.subject}`);
    this.history.push(`${queue}: ${what}`);
    if (this.#delivered.has(`${queue} ${version.no}`)) throw new BrokenClaim('No version is enqueued twice', what);
    if (last !== undefined && last.index > version.index)
      throw new BrokenClaim('Versions of a record come in order', what);
    if (marks !== null && version.stampMs < marks.originMs)
      throw new BrokenClaim('Nothing older than the start is enqueued', what);
    this.#delivered.add(`${queue} ${version.no}`);
    this.#lastOf.set(`${queue} ${event.subject}`, version);
    if (event.data.op === 'created' && last !== undefined && !this.#maySayCreatedAgain(last, version, queue)) {
      throw new BrokenClaim('A record is created once', what);
    }
    const isNew =
      marks !== null && version.record.createdAtMs > marks.floorMs && version.record.createdAtMs <= version.stampMs;
    if (last === undefined && isNew && event.data.op !== 'created')
      throw new BrokenClaim('The first event of a new record says created', what);
    const isOld = marks !== null && version.record.createdAtMs < marks.originMs;
    if (isOld && event.data.op === 'created') throw new BrokenClaim('Records older than the start are updated', what);
  }

  /**
   * Holes that are known. Each location remembers as far back as it needs to itself, so what it says of a record that comes from
   * another is its own view. And what a catch-up reads of long ago is not remembered: an edit that becomes visible late enough to be
   * read by the same scan looks like the first. And a record of which only one of two queues was told is not remembered.
   */
  #maySayCreatedAgain(last: RecordVersion, version: RecordVersion, queue: string): boolean {
    const { settleMs, sweepBackMs } = marginsOf(this.#setting);
    const wasLate = version.visibleAtMs + this.#setting.replicaLagMs - version.stampMs > settleMs;
    const wasLongAgo = last.stampMs <= this.#time.serverAt(this.#time.nowMs) - settleMs - sweepBackMs;
    const inPart = this.#inPart.has(`${queue} ${version.record.object}/${version.record.key}`);
    return inPart || last.owner !== version.owner || (wasLate && wasLongAgo);
  }

  /**
   * The guarantee at the end of a window: whatever could be seen when the window was opened, and still can, is enqueued, if it is
   * not newer than the watermark and became visible within settle + overlap of its stamp (settle + sweep-back after a sweep).
   */
  #windowClosed({ stream, state, shared }: Commit, before: SavedStream, forgottenMs: number): void {
    const { settleMs, overlapMs, sweepBackMs } = marginsOf(this.#setting);
    const { marks } = state;
    if (this.#time.hasJumpedBack) return;
    const name = nameOf(stream);
    const openedAtMs = this.#openedAt.get(name) ?? 0;
    const serverNowMs = this.#time.serverAt(this.#time.nowMs);
    if (marks.watermarkMs > Math.max(marks.originMs, serverNowMs - settleMs)) {
      throw new BrokenClaim('The watermark stays behind what is settled', `${name} ${iso(marks.watermarkMs)}`);
    }
    for (const record of this.#company.records) {
      if (record.object !== stream.object) continue;
      const version = this.#company.current(record, this.#time.nowMs);
      if (version === undefined || version.deleted || version.visibleAtMs > openedAtMs - this.#setting.replicaLagMs)
        continue;
      const apart = version.owner === null && stream.location !== null;
      if (apart ? shared === null : stream.location !== null && version.owner !== stream.location) continue;
      const after = apart && shared !== null ? shared.marks : marks;
      const { originMs, watermarkMs, sweptMs } = after;
      const earlier = apart ? before.shared?.marks : before.state?.marks;
      const swept = earlier !== undefined && sweptMs > earlier.sweptMs;
      if (version.stampMs < originMs || this.isForgiven(version, forgottenMs)) continue;
      const lateMs = this.#time.serverAt(version.visibleAtMs) - version.stampMs + this.#setting.replicaLagMs;
      const byWindow = version.stampMs <= watermarkMs && lateMs <= settleMs + overlapMs;
      const bySweep = swept && version.stampMs <= sweptMs && lateMs <= settleMs + sweepBackMs;
      if ((byWindow || bySweep) && !stream.queues.every((queue) => this.wasDelivered(version, queue))) {
        throw new BrokenClaim(
          'The watermark never passes what is not enqueued',
          `${describe(version)} in ${name}, watermark ${iso(watermarkMs)}, swept ${iso(sweptMs)}, start ${iso(originMs)}, late ${lateMs}`,
        );
      }
    }
  }
}

function moved(name: string, before: Marks | null, after: Marks): void {
  if (before === null) return;
  for (const mark of ['watermarkMs', 'sweptMs', 'floorMs'] as const) {
    if (after[mark] < before[mark])
      throw new BrokenClaim('Marks never move back', `${name} ${mark} ${iso(before[mark])} → ${iso(after[mark])}`);
  }
  if (after.originMs !== before.originMs)
    throw new BrokenClaim('A stream starts once', `${name} ${iso(before.originMs)} → ${iso(after.originMs)}`);
}

export function nameOf({ object, location }: Stream): string {
  return `${object}@${location ?? 'all'}`;
}

export function describe(version: RecordVersion): string {
  const { record, index, stampMs, visibleAtMs, owner } = version;
  return `${record.object}/${record.key} version ${index + 1} (${owner ?? 'shared'}, stamped ${iso(stampMs)}, visible ${iso(visibleAtMs)}, created ${iso(record.createdAtMs)})`;
}

export function iso(atMs: number): string {
  return new Date(atMs).toISOString().slice(5, 23);
}
