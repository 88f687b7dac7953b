import type { ConnectionStatus, Status, StreamStatus } from './status.js';

/**
 * The status as a page that needs nothing but a browser: what is wrong stands first, with what to do about it. No script, and every
 * value escaped: names and words come from settings and from Sage.
 */
export function renderStatusPage(status: Status, problems: readonly string[]): string {
  const troubles = [
    ...problems.map((problem) => trouble('Worker', problem, 'See its log; Redis comes first.')),
    ...status.connections.flatMap(connectionTroubles),
    ...status.streams.flatMap(streamTroubles),
  ];
  const verdict = troubles.length === 0 ? 'All streams are being read' : `${troubles.length} in trouble`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(verdict)} – Sage Intacct trigger worker</title>
<style>${STYLE}</style>
</head>
<body>
<h1 class="${troubles.length === 0 ? 'good' : 'bad'}">${escapeHtml(verdict)}</h1>
${troubles.join('\n')}
<h2>Streams</h2>
<table><thead><tr><th>Connection<th>Location<th>Object<th>State<th>Behind<th>Read up to<th>Every</tr></thead>
<tbody>${[...status.streams].sort(worstFirst).map(streamRow).join('\n')}</tbody></table>
<h2>Connections</h2>
<table><thead><tr><th>Connection<th>Company<th>State<th>Requests<th>API transactions this month<th>Forecast<th>Budget</tr></thead>
<tbody>${status.connections.map(connectionRow).join('\n')}</tbody></table>
<p class="more"><a href="/status">as JSON</a> · <a href="/metrics">metrics</a> · <a href="/readyz">readiness</a></p>
</body>
</html>
`;
}

function connectionTroubles({ name, blocked, pausedUntil, transactions }: ConnectionStatus): string[] {
  const troubles: string[] = [];
  if (blocked !== null) {
    const words = blocked.sageText === '' ? '' : ` Sage says: “${blocked.sageText}”.`;
    troubles.push(trouble(name, `Blocked since ${blocked.since}: ${blocked.message}.${words}`, blocked.advice));
  }
  if (pausedUntil !== null)
    troubles.push(trouble(name, `Intacct asked for a pause, until ${pausedUntil}`, 'It goes on by itself.'));
  if (transactions.budget !== null && transactions.forecast > transactions.budget) {
    const { used, forecast, budget } = transactions;
    const advice = 'Poll less often, watch fewer objects, or read all locations in one session.';
    troubles.push(
      trouble(name, `${used} API transactions used, ${forecast} expected this month, ${budget} in the budget`, advice),
    );
  }
  return troubles;
}

function streamTroubles({ id, blocked, trouble: unreadable }: StreamStatus): string[] {
  if (unreadable !== null) return [trouble(id, unreadable, 'The key is named there.')];
  if (blocked === null) return [];
  const words = blocked.sageText === '' ? '' : ` Sage says: “${blocked.sageText}”.`;
  return [trouble(id, `${blocked.message}.${words} Asked again at ${blocked.probeAt}.`, blocked.advice)];
}

function trouble(what: string, why: string, advice: string): string {
  return `<section><b>${escapeHtml(what)}</b> ${escapeHtml(why)}<p>${escapeHtml(advice)}</p></section>`;
}

function streamRow(stream: StreamStatus): string {
  const { connection, location, object, state, watermark, lagSeconds, everySeconds, catchingUp } = stream;
  const behind = lagSeconds === null ? '–' : duration(lagSeconds);
  return row(`state-${state}`, [
    connection,
    location,
    object,
    catchingUp ? 'catching up' : state,
    behind,
    watermark ?? 'never read',
    duration(everySeconds),
  ]);
}

function connectionRow({ name, companyId, state, requests, transactions }: ConnectionStatus): string {
  const { used, forecast, budget } = transactions;
  const inFlight = `${requests.inFlight} in flight, ${requests.waiting} waiting`;
  return row(`state-${state}`, [
    name,
    companyId,
    state,
    inFlight,
    String(used),
    String(forecast),
    budget === null ? 'none' : String(budget),
  ]);
}

function row(style: string, cells: readonly string[]): string {
  return `<tr class="${style}">${cells.map((cell) => `<td>${escapeHtml(cell)}`).join('')}</tr>`;
}

function worstFirst(one: StreamStatus, other: StreamStatus): number {
  const badness = ({ state, trouble: unreadable }: StreamStatus) =>
    unreadable !== null ? 2 : state === 'active' ? 0 : 1;
  return badness(other) - badness(one) || (other.lagSeconds ?? 0) - (one.lagSeconds ?? 0);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

const STYLE = `
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.5rem;padding:.6rem .9rem;border-radius:.4rem;color:#fff}h1.good{background:#1b7f4b}h1.bad{background:#b3261e}
h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
section{border-left:4px solid #b3261e;background:#fdf1f0;margin:.6rem 0;padding:.5rem .9rem}section p{margin:.2rem 0 0;color:#5b2420}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .7rem;border-bottom:1px solid #e3e7ec}
th{font-weight:600;color:#526070}td{font-variant-numeric:tabular-nums}
tr.state-blocked td{background:#fdf1f0}tr.state-paused td{background:#fdf8e7}
.more{margin-top:1.6rem}a{color:#1a5fb4}`;
