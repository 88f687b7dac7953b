/**
 * Every Redis key of the worker, below the prefix it shares with its queues (one ACL pattern, one slot of a Redis Cluster):
 *
 *   <prefix>:intacct-trigger:<connection>:lease:<location>               string  token of the process that runs the poller
 *   <prefix>:intacct-trigger:<connection>:holder:<location>             string  the same, until it is given back
 *   <prefix>:intacct-trigger:<connection>:state:<location>:<object>     hash    marks and scan of a stream
 *   <prefix>:intacct-trigger:<connection>:receipts:<location>:<object>  set     jobs of a commit that came through in part
 *   <prefix>:intacct-trigger:<connection>:shared:<object>               hash    marks of the records that no entity owns
 *   <prefix>:intacct-trigger:<connection>:ledger:<object>               hash    record key → version last emitted
 *   <prefix>:intacct-trigger:<connection>:trouble:<location>:<object>   hash    refusals of a stream in a row, an operator's pause
 *   <prefix>:intacct-trigger:<connection>:gate:slots                    sorted  request in flight → when its slot frees itself
 *   <prefix>:intacct-trigger:<connection>:gate:line                     sorted  waiting request → number of its arrival
 *   <prefix>:intacct-trigger:<connection>:gate:seen                     sorted  waiting request → when it last asked
 *   <prefix>:intacct-trigger:<connection>:gate:state                    hash    pause of the connection, arrivals, last resume
 *   <prefix>:intacct-trigger:<connection>:gate:blocks                   hash    fingerprint of refused credentials → the refusal
 *   <prefix>:intacct-trigger:<connection>:usage:<YYYY-MM>               hash    function → transactions of the month
 *   <prefix>:intacct-trigger:<connection>:usage-batch:<process>         string  number of the last batch that was counted
 *   <prefix>:intacct-trigger:replicas                                   hash    replica → its configuration and last beat
 *   <prefix>:intacct-trigger:configurations                             hash    fingerprint → since when, last beat
 *   <prefix>:intacct-trigger:<connection>:fields:<object>               string  list of fields, while it is gone by
 *   <prefix>:intacct-trigger:<connection>:forgotten:<object>            string  the ledger is not complete at or below this stamp
 *
 * Jobs live where BullMQ puts them: <prefix>:<queue>:<job id>.
 */
export class Keys {
  readonly #root: string;

  constructor(queuePrefix: string) {
    this.#root = `${queuePrefix}:intacct-trigger`;
  }

  lease(connection: string, location: string | null): string {
    return this.#key(connection, 'lease', scope(location));
  }

  holder(connection: string, location: string | null): string {
    return this.#key(connection, 'holder', scope(location));
  }

  state(connection: string, location: string | null, object: string): string {
    return this.#key(connection, 'state', scope(location), object);
  }

  receipts(connection: string, location: string | null, object: string): string {
    return this.#key(connection, 'receipts', scope(location), object);
  }

  shared(connection: string, object: string): string {
    return this.#key(connection, 'shared', object);
  }

  forgotten(connection: string, object: string): string {
    return this.#key(connection, 'forgotten', object);
  }

  fields(connection: string, object: string): string {
    return this.#key(connection, 'fields', object);
  }

  ledger(connection: string, object: string): string {
    return this.#key(connection, 'ledger', object);
  }

  trouble(connection: string, location: string | null, object: string): string {
    return this.#key(connection, 'trouble', scope(location), object);
  }

  gate(connection: string, part: 'slots' | 'line' | 'seen' | 'state' | 'blocks'): string {
    return this.#key(connection, 'gate', part);
  }

  /** @param month as in 2026-11. */
  usage(connection: string, month: string): string {
    return this.#key(connection, 'usage', month);
  }

  usageBatch(connection: string, process: string): string {
    return this.#key(connection, 'usage-batch', process);
  }

  replicas(): string {
    return this.#key('replicas');
  }

  configurations(): string {
    return this.#key('configurations');
  }

  /** Parts are encoded, so that a colon in a location id cannot make two streams one. */
  #key(...parts: readonly string[]): string {
    return [this.#root, ...parts.map(encodeURIComponent)].join(':');
  }
}

/** The mark before an entity's id keeps an entity called "all" apart from the top level. */
function scope(location: string | null): string {
  return location === null ? 'all' : `=${location}`;
}
