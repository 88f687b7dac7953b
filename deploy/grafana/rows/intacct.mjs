import { CONNECTION, M, quantileOf, rate } from '../query.mjs';

/** @type {readonly import('../query.mjs').Row[]} */
export const INTACCT = [
  {
    title: 'Sage Intacct',
    panels: [
      {
        title: 'Requests by outcome',
        description: 'ok, or the code of the error. Most errors are tried again by themselves.',
        type: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [[rate('api_requests_total', 'outcome', CONNECTION), '{{outcome}}']],
        width: 8,
      },
      {
        title: 'Latency of requests',
        description: 'How long Intacct takes to answer.',
        type: 'timeseries',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((quantile) => [
          quantileOf(quantile, 'api_request_duration_seconds', CONNECTION),
          quantile === 0.5 ? 'median' : `${quantile * 100}%`,
        ]),
        width: 8,
      },
      {
        title: 'Request slots',
        description:
          'Requests in flight and in line, over all workers. A line that never empties wants a higher maxConcurrentRequests, or longer intervals.',
        type: 'timeseries',
        queries: [
          [`max by (connection) (${M}request_slots_in_use{${CONNECTION}})`, '{{connection}} in use'],
          [`max by (connection) (${M}request_slots_waiting{${CONNECTION}})`, '{{connection}} waiting'],
          [`max by (connection) (${M}request_slots_limit{${CONNECTION}})`, '{{connection}} limit'],
        ],
        width: 8,
      },
      {
        title: 'Transactions of this month, of the budget',
        description:
          'Used since the month (UTC) began. From 100% on streams are read less often. Only connections with monthlyTransactions.',
        type: 'bargauge',
        unit: 'percentunit',
        max: 1.2,
        thresholds: [
          [null, 'green'],
          [0.8, 'orange'],
          [1, 'red'],
        ],
        queries: [
          [
            `max by (connection) (${M}transactions_month{${CONNECTION}}) / max by (connection) (${M}transactions_budget{${CONNECTION}})`,
            '{{connection}} used',
          ],
          [
            `max by (connection) (${M}transactions_forecast{${CONNECTION}}) / max by (connection) (${M}transactions_budget{${CONNECTION}})`,
            '{{connection}} at the end of the month',
          ],
        ],
        width: 8,
      },
      {
        title: 'Transactions',
        description: 'Used, and to be expected at the end of the month.',
        type: 'timeseries',
        queries: [
          [`max by (connection) (${M}transactions_month{${CONNECTION}})`, '{{connection}} used'],
          [`max by (connection) (${M}transactions_forecast{${CONNECTION}})`, '{{connection}} forecast'],
          [`max by (connection) (${M}transactions_budget{${CONNECTION}})`, '{{connection}} budget'],
        ],
        width: 8,
      },
      {
        title: 'Transactions by function',
        description: 'What they are used for. Sign-ins are not billed and not among them.',
        type: 'timeseries',
        unit: 'ops',
        stacked: true,
        queries: [[rate('api_transactions_total', 'function', CONNECTION), '{{function}}']],
        width: 8,
      },
    ],
  },
];
