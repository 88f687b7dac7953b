import type { Stage } from './stage.js';
import { marginsOf } from './story.js';
import { BrokenClaim, describe, nameOf } from './witness.js';

/** What must be so when trouble is over and a sweep has passed. */
export function verifyAtRest(stage: Stage): void {
  const { company, setting, store, time, witness } = stage;
  const { sweepEveryMs, sweepBackMs, settleMs } = marginsOf(setting);
  const streams = stage.pollers().flatMap((poller) => poller.streams);
  for (const record of company.records) {
    const version = company.current(record, time.nowMs);
    if (version === undefined || version.deleted) continue;
    const stream = streams.find(({ object, location, sharedRecords }) => {
      if (object !== record.object) return false;
      return location === null || (version.owner === null ? sharedRecords === 'emit' : version.owner === location);
    });
    if (stream === undefined) continue;
    const { state, shared } = store.load(stream);
    const marks = version.owner === null ? (shared?.marks ?? state?.marks) : state?.marks;
    if (marks === undefined) throw new BrokenClaim('Every stream has run', nameOf(stream));
    if (version.stampMs < marks.originMs || witness.isForgiven(version, store.forgottenMs(record.object))) continue;
    for (const queue of stream.queues) {
      if (!witness.wasDelivered(version, queue))
        throw new BrokenClaim('Every version that stays current is enqueued', describe(version));
    }
  }
  for (const stream of streams) {
    const floorMs = store.forgettableMs(streams.filter(({ object }) => object === stream.object));
    const leastMs = time.serverAt(time.nowMs) - sweepBackMs - 2 * sweepEveryMs - settleMs - 120_000;
    for (const [key, { stampMs }] of store.entries(stream)) {
      if (stampMs <= floorMs || stampMs < leastMs) {
        throw new BrokenClaim('The ledger forgets what no window reaches', `${nameOf(stream)} still holds ${key}`);
      }
    }
  }
}
