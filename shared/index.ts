/** What a consumer of trigger events imports. Everything else of this package is the worker's own business. */
export {
  type ConsumeEventsOptions,
  consumeEvents,
  type EventConsumer,
  type EventContext,
  type EventHandler,
} from './consume-events.js';
export type { EventOp, EventRecord, TriggerEvent, TriggerEventData } from './event.js';
export { InvalidEventError, parseTriggerEvent } from './event-schema.js';
export { DEFAULT_EVENTS_QUEUE, REJECTED_QUEUE, type RejectedRow } from './queues.js';
