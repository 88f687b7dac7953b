import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { DASHBOARD, dashboardJson } from '../../../deploy/grafana/generate.mjs';
import { ROWS, VARIABLES } from '../../../deploy/grafana/panels.mjs';
import { DEFINITIONS } from '../../../worker/metrics/definitions.js';
import { namesIn, unknownMetrics } from './metric-names.js';

const PANELS = ROWS.flatMap(({ panels }) => panels);

test('the dashboard that is checked in is the one that its panels make (node deploy/grafana/generate.mjs)', () => {
  expect(readFileSync(DASHBOARD, 'utf8')).toBe(dashboardJson());
});

test.each(PANELS.map((panel) => [panel.title, panel] as const))(
  'panel "%s" asks for metrics that exist',
  (_title, panel) => {
    expect(panel.description).not.toBe('');
    for (const [query] of panel.queries) {
      expect(namesIn(query).length).toBeGreaterThan(0);
      expect(unknownMetrics(query)).toEqual([]);
    }
  },
);

test('variables ask for metrics and labels that exist', () => {
  expect(VARIABLES.flatMap(({ query }) => unknownMetrics(query))).toEqual([]);
});

test('every metric of the worker is shown somewhere', () => {
  const shown = new Set(PANELS.flatMap(({ queries }) => queries.flatMap(([query]) => namesIn(query))));
  const missing = Object.keys(DEFINITIONS).filter((name) => {
    return ![name, `${name}_bucket`].some((one) => shown.has(`intacct_trigger_${one}`));
  });
  // Both are in the alerts; the lag is the watermark as a person wants to read it.
  expect(missing).toEqual(['last_success_timestamp_seconds', 'watermark_timestamp_seconds']);
});

describe('the JSON', () => {
  interface Place {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  }
  const { panels } = JSON.parse(dashboardJson()) as {
    panels: readonly { readonly id: number; readonly gridPos: Place }[];
  };

  test('has panels that do not overlap, and stay within the 24 columns of Grafana', () => {
    const overlaps = (a: Place, b: Place) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    for (const { id, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(panels.filter((other) => other.id !== id && overlaps(other.gridPos, gridPos))).toEqual([]);
    }
  });

  test('is found by the provider, and its source is the one that is provisioned', () => {
    const read = (path: string): unknown =>
      parse(readFileSync(new URL(`../../../deploy/grafana/provisioning/${path}`, import.meta.url), 'utf8'));
    expect(read('datasources/prometheus.yaml')).toMatchObject({
      datasources: [{ type: 'prometheus', isDefault: true }],
    });
    expect(read('dashboards/intacct-trigger.yaml')).toMatchObject({ providers: [{ type: 'file' }] });
  });
});
