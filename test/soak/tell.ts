import type { Progress, SoakReport } from './soak.js';
import { isClearGrowth, trendOf, type Vitals } from './vitals.js';

const MEASURES = [
  { what: 'rssMb', name: 'memory of the survivor, MB' },
  { what: 'handles', name: 'open handles of the survivor' },
] as const;

export function progressLine(progress: Progress): string {
  const { elapsedMs, phase, written, delivered, behindMs, troubles, lastTrouble, vitals } = progress;
  const behind = Number.isFinite(behindMs) ? `${(behindMs / 1000).toFixed(1)} s behind` : 'not begun everywhere';
  const uses = vitals === null ? '' : `, ${vitals.rssMb.toFixed(0)} MB, ${vitals.handles} handles`;
  const doing = phase === 'trouble' ? `${troubles} troubles, last: ${lastTrouble ?? 'none'}` : phase;
  return `${(elapsedMs / 1000).toFixed(0).padStart(4)} s  ${written} written, ${delivered} delivered, ${behind}${uses}  [${doing}]`;
}

/** Whether what the surviving replica uses has clearly grown. */
export function growthProblems(vitals: readonly Vitals[]): string[] {
  return MEASURES.flatMap(({ what, name }) => {
    const trend = trendOf(vitals, what);
    return trend !== null && isClearGrowth(what, trend)
      ? [`The ${name} grew from ${trend.early} to ${trend.late}`]
      : [];
  });
}

export function table({ counts, made, vitals, quietAfterMs, redisKeys }: SoakReport): string {
  const lines: string[] = ['trouble made'];
  for (const [name, times] of [...made].sort(([a], [b]) => (a < b ? -1 : 1))) lines.push(row(name, times));
  for (const count of counts) {
    lines.push('', `queue ${count.queue}`);
    lines.push(row('versions written for it', count.written));
    lines.push(row('had to be delivered', count.due));
    lines.push(row('replaced in time, and merged', count.merged));
    lines.push(row('delivered', count.delivered));
    lines.push(row('lost', count.missing));
    lines.push(row('twice', count.twice));
    lines.push(row('out of order', count.outOfOrder));
    lines.push(row('created instead of updated, or the reverse', count.wrongOp));
  }
  lines.push('', 'afterwards');
  lines.push(row('seconds until quiet', quietAfterMs === null ? 'never' : (quietAfterMs / 1000).toFixed(1)));
  lines.push(row('keys in Redis', redisKeys));
  for (const { what, name } of MEASURES) {
    const trend = trendOf(vitals, what);
    if (vitals.length === 0) continue;
    const most = Math.max(...vitals.map((sample) => sample[what]));
    lines.push(
      row(
        name,
        trend === null
          ? 'not known'
          : `${trend.early.toFixed(0)} early, ${trend.late.toFixed(0)} late, ${most.toFixed(0)} at most`,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function row(name: string, value: string | number): string {
  return `  ${name.padEnd(46)} ${value}`;
}
