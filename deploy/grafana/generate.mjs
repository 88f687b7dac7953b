// node deploy/grafana/generate.mjs: writes dashboards/intacct-trigger.json from panels.mjs.
import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROWS, VARIABLES } from './panels.mjs';

export const DASHBOARD = fileURLToPath(new URL('./dashboards/intacct-trigger.json', import.meta.url));

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const WIDTH = 24;
const HEIGHTS = { stat: 5, bargauge: 5, table: 7, timeseries: 7 };

/** @typedef {import('./query.mjs').Panel} Panel */
/** @typedef {{ x: number, y: number, w: number, h: number }} Place */

/** @param {Panel} panel */
function optionsOf({ type }) {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  if (type === 'stat') return { reduceOptions, colorMode: 'value', graphMode: 'area', textMode: 'auto' };
  if (type === 'bargauge')
    return { reduceOptions, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true };
  if (type === 'table') return { showHeader: true };
  return {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
}

/** @param {Panel} panel */
function fieldsOf({ type, unit = 'none', thresholds, values, stacked = false, max }) {
  const steps = (thresholds ?? [[null, 'green']]).map(([value, color]) => ({ color, value }));
  const lines = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 5,
    showPoints: 'never',
    stacking: { group: 'A', mode: stacked ? 'normal' : 'none' },
  };
  const words = Object.entries(values ?? {}).map(([value, text], index) => [value, { text, index }]);
  return {
    defaults: {
      unit,
      min: 0,
      ...(max === undefined ? {} : { max }),
      color: { mode: type === 'timeseries' ? 'palette-classic' : 'thresholds' },
      thresholds: { mode: 'absolute', steps },
      mappings: words.length === 0 ? [] : [{ type: 'value', options: Object.fromEntries(words) }],
      custom: type === 'timeseries' ? lines : {},
    },
    overrides: [],
  };
}

/** The labels of the samples; numbers that are always 1, and the time, which is now, are left out. */
const TABLE = [
  { id: 'merge', options: {} },
  { id: 'organize', options: { excludeByName: { Time: true, 'Value #A': true, 'Value #B': true } } },
];

/** @param {Panel} panel @param {number} id @param {Place} place */
function panelOf(panel, id, place) {
  const isTable = panel.type === 'table';
  return {
    id,
    title: panel.title,
    description: panel.description,
    type: panel.type,
    gridPos: place,
    datasource: DATASOURCE,
    targets: panel.queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...(panel.type === 'timeseries' ? { range: true } : { instant: true }),
      ...(isTable ? { format: 'table' } : {}),
    })),
    fieldConfig: fieldsOf(panel),
    options: optionsOf(panel),
    ...(isTable ? { transformations: TABLE } : {}),
  };
}

/** Rows of panels from left to right, breaking where the width is used up. */
function panels() {
  /** @type {object[]} */
  const all = [];
  let y = 0;
  for (const { title, panels: inRow } of ROWS) {
    all.push({
      id: all.length + 1,
      title,
      type: 'row',
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let line = 0;
    for (const panel of inRow) {
      const h = panel.height ?? HEIGHTS[panel.type];
      if (x + panel.width > WIDTH) {
        y += line;
        [x, line] = [0, 0];
      }
      all.push(panelOf(panel, all.length + 1, { x, y, w: panel.width, h }));
      x += panel.width;
      line = Math.max(line, h);
    }
    y += line;
  }
  return all;
}

function variables() {
  const datasource = {
    name: 'datasource',
    label: 'Prometheus',
    type: 'datasource',
    query: 'prometheus',
    hide: 0,
    current: {},
  };
  const lists = VARIABLES.map(({ name, query }) => ({
    name,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  }));
  return [datasource, ...lists];
}

/** The dashboard as Grafana reads it, text of a JSON file. */
export function dashboardJson() {
  const dashboard = {
    uid: 'intacct-trigger',
    title: 'Sage Intacct triggers',
    description: 'Whether changes in Sage Intacct become events, and what is in the way.',
    tags: ['intacct'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables() },
    annotations: { list: [] },
    panels: panels(),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(DASHBOARD, dashboardJson());
}
