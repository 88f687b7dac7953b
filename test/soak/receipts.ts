import { parseTriggerEvent, type TriggerEvent } from '../../shared/index.js';
import type { Company } from '../simulator/company.js';
import { lineOf, lineOfEvent, nameOf, recordOf } from '../support/worked-company.js';
import { SERIAL_FIELDS, type Written } from './author.js';
import type { Delivery } from './collector.js';

/** What one queue has got, version by version. */
export interface Receipt {
  readonly written: Written;
  readonly event: TriggerEvent;
}

/** Enough to see what is wrong; thousands of lines would hide it. */
const MOST_PROBLEMS = 40;

/** Compares every event with the version it claims to be of, as it comes, and keeps what the final count needs. */
export class Receipts {
  readonly problems: string[] = [];
  readonly #byQueue: ReadonlyMap<string, Receipt[]>;

  constructor(
    readonly company: Company,
    readonly versions: readonly Written[],
    queues: readonly string[],
  ) {
    this.#byQueue = new Map(queues.map((queue) => [queue, []]));
  }

  of(queue: string): readonly Receipt[] {
    return this.#byQueue.get(queue) ?? [];
  }

  readonly take = (delivery: Delivery): void => {
    const { queue, jobId, jobName, data } = delivery;
    if (data === '') {
      this.complain(`${queue}: the job ${jobId} was listed, but was not there`);
      return;
    }
    const event = parseTriggerEvent(JSON.parse(data));
    const object = event.data.object as keyof typeof SERIAL_FIELDS;
    const written = this.versions[Number(event.data.record[SERIAL_FIELDS[object]] ?? Number.NaN)];
    if (written === undefined) {
      this.complain(`${queue}: ${event.subject} came in a version that nobody wrote`);
      return;
    }
    const { record, serial } = written;
    if (jobId !== event.id || jobName !== event.type)
      this.complain(`${queue}: the job ${jobId} has the event of another`);
    if (event.data.location !== record.entity)
      this.complain(`${queue}: version ${serial} has another owner than written`);
    if (event.time !== secondOf(written.stampMs))
      this.complain(`${queue}: version ${serial} has another time than written`);
    if (lineOfEvent(event) !== lineOf(nameOf(record), recordOf(this.company, record)))
      this.complain(`${queue}: version ${serial} has another content than written`);
    this.#byQueue.get(queue)?.push({ written, event });
  };

  complain(problem: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem);
    else if (this.problems.length === MOST_PROBLEMS) this.problems.push('… and more');
  }
}

function secondOf(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}
