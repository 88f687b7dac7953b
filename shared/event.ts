/**
 * What a consumer receives: one version of one Intacct record, as a CloudEvents 1.0 JSON object. It is the `data` of a BullMQ
 * job whose name is `type` and whose id is `id`. Fields may be added later; none of these will change their meaning.
 */
export interface TriggerEvent {
  readonly specversion: '1.0';
  /**
   * Names one version of one record: the same on every replay, different for every other version. Jobs are delivered at least
   * once, so this is the idempotency key to remember in whatever the event is written to.
   */
  readonly id: string;
  /** `/intacct/<companyId>/<location of the session, or 'all'>`. */
  readonly source: string;
  /** `intacct.<object in lower case>.<op>`, for example `intacct.customer.created`. */
  readonly type: string;
  /** `<object>/<key>`, for example `CUSTOMER/1234`. */
  readonly subject: string;
  /** When the record changed, ISO 8601: `data.modifiedAt`, or `data.createdAt` where Intacct has no modified time. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: TriggerEventData;
}

export interface TriggerEventData {
  /** The connection's name in the worker's settings. */
  readonly connection: string;
  readonly companyId: string;
  /** The Location ID of the entity that owns the record; null when the record is shared by all. */
  readonly location: string | null;
  readonly object: string;
  readonly op: EventOp;
  /** The record's key, as text: `00123` and `123` are two keys. */
  readonly key: string;
  /** ISO 8601; null when Intacct has no modified time for the record. */
  readonly modifiedAt: string | null;
  /** ISO 8601; null when the object has no audit time of creation, or this record none. */
  readonly createdAt: string | null;
  /** When the worker saw this version, ISO 8601. */
  readonly detectedAt: string;
  readonly record: EventRecord;
}

/** What happened. `deleted` is reserved for later: let the default branch of a `switch` ignore what it does not know. */
export type EventOp = 'created' | 'updated';

/** Field by field, the text exactly as Intacct sent it (amounts included: do not put them through a float); absent = null. */
export type EventRecord = Readonly<Record<string, string | null>>;
