import type { SimulatedTime } from './clock.js';
import type { SimulatedCompany } from './company.js';
import { type Act, latenessMs, OBJECTS, OWNERS, randomFrom, type Setting } from './story.js';

type Change = Extract<Act, { do: 'create' | 'import' | 'edit' | 'move' | 'delete' }>;

/** What people do in the company, in the words of a story. */
export class Business {
  readonly #company: SimulatedCompany;
  readonly #setting: Setting;

  constructor(company: SimulatedCompany, setting: Setting, time: SimulatedTime) {
    this.#company = company;
    this.#setting = setting;
    this.#furnish(time);
  }

  act(act: Change): void {
    if (act.do !== 'create' && act.do !== 'import') {
      this.#change(act);
      return;
    }
    const change = { owner: this.#owner(act.owner), lateMs: latenessMs(this.#setting, act.late) };
    if (act.do === 'create') this.#company.create(this.#objectFor(this.#company.records.length), change);
    else for (let count = 0; count < act.count; count += 1) this.#company.create(OBJECTS[0], change);
  }

  /** A change at random, as between two awaits. */
  traffic(random: () => number): void {
    const record = Math.floor(random() * 1000);
    const owner = Math.floor(random() * 4);
    const late = random() < 0.5 ? 0 : Math.floor(random() * 100);
    const kind = random();
    if (kind < 0.3)
      this.#company.create(this.#objectFor(record), {
        owner: this.#owner(owner),
        lateMs: latenessMs(this.#setting, late),
      });
    else if (kind < 0.85) this.#change({ do: 'edit', record, late });
    else if (kind < 0.95) this.#change({ do: 'move', record, owner, late });
    else this.#change({ do: 'delete', record });
  }

  #change(act: Extract<Change, { do: 'edit' | 'move' | 'delete' }>): void {
    const { records } = this.#company;
    // Counted from the newest record: a story keeps its sense when records before are left out.
    const record = records[records.length - 1 - (act.record % Math.max(1, records.length))];
    const latest = record?.versions.at(-1);
    if (record === undefined || latest === undefined) return;
    const lateMs = act.do === 'delete' ? 0 : latenessMs(this.#setting, act.late);
    const owner = act.do === 'move' ? this.#owner(act.owner) : latest.owner;
    this.#company.change(record, { owner, lateMs, deleted: act.do === 'delete' });
  }

  #owner(pick: number): string | null {
    return [null, ...OWNERS][pick % (OWNERS.length + 1)] ?? null;
  }

  #objectFor(pick: number): string {
    return OBJECTS[pick % this.#setting.objects] ?? OBJECTS[0];
  }

  /** The records that are there before anybody looks. */
  #furnish(time: SimulatedTime): void {
    const { records, recordsSpanMs, salt } = this.#setting;
    const random = randomFrom(salt + 1);
    const startMs = time.stampMs();
    const stamps = Array.from(
      { length: records },
      () => startMs - Math.floor((random() * recordsSpanMs) / 1000) * 1000,
    );
    for (const stampMs of stamps.sort((a, b) => a - b)) {
      this.#company.create(
        this.#objectFor(Math.floor(random() * 9)),
        { owner: this.#owner(Math.floor(random() * 8)), lateMs: 0 },
        stampMs,
      );
    }
  }
}
