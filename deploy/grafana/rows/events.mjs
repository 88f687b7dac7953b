import { M, quantileOf, rate, STREAM } from '../query.mjs';

/** @type {readonly import('../query.mjs').Row[]} */
export const EVENTS = [
  {
    title: 'Events',
    panels: [
      {
        title: 'Events',
        description: 'Events that were put on queues, each once per queue.',
        type: 'timeseries',
        unit: 'ops',
        stacked: true,
        queries: [[rate('events_enqueued_total', 'object, op'), '{{object}} {{op}}']],
        width: 8,
      },
      {
        title: 'Rows read, and versions seen before',
        description:
          'Each poll reads the overlap again. What was an event already is counted here and goes no further.',
        type: 'timeseries',
        unit: 'ops',
        queries: [
          [rate('records_read_total', 'object'), '{{object}} read'],
          [rate('duplicates_suppressed_total', 'object'), '{{object}} seen before'],
        ],
        width: 8,
      },
      {
        title: 'Delay from change to detection',
        description:
          'From the modified time in Intacct until it was read. About half a poll interval and SETTLE is normal.',
        type: 'timeseries',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((quantile) => [
          quantileOf(quantile, 'detection_delay_seconds', STREAM),
          quantile === 0.5 ? 'median' : `${quantile * 100}%`,
        ]),
        width: 8,
      },
      {
        title: 'Recovered by a margin',
        description:
          'Versions that were not visible yet when their time was read. overlap: found by the next poll, which is what OVERLAP is for. sweep: later than that, so OVERLAP is too small.',
        type: 'timeseries',
        queries: [
          [`sum by (object, margin) (increase(${M}sweep_finds_total{${STREAM}}[1h]))`, '{{object}} {{margin}}'],
        ],
        width: 12,
      },
      {
        title: 'Rejected rows',
        description: 'Rows without a usable key or time. They are in the queue intacct-rejected, with reason and key.',
        type: 'timeseries',
        queries: [
          [
            `sum by (object, reason) (increase(${M}records_rejected_total{${STREAM}}[1h])) > 0`,
            '{{object}} {{reason}}',
          ],
        ],
        width: 12,
      },
    ],
  },
];
