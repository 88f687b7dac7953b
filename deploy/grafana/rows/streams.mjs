import { BY_STREAM, CONNECTION, GOOD_IF_NONE, M, POLLER, quantileOf, rate, STREAM, STREAM_NAME } from '../query.mjs';

/** @type {readonly import('../query.mjs').Row[]} */
export const STREAMS = [
  {
    title: 'Is everything fresh?',
    panels: [
      {
        title: 'Worst lag',
        description:
          'How old the oldest watermark is. All changes before it are events. Its stream stands to the right.',
        type: 'stat',
        unit: 's',
        queries: [[`max(min ${BY_STREAM} (${M}watermark_lag_seconds{${STREAM}}))`, 'worst']],
        width: 4,
      },
      {
        title: 'Not active',
        description: 'Streams that are blocked, paused or held back because a queue is full. Which, and why: next row.',
        type: 'stat',
        thresholds: GOOD_IF_NONE,
        queries: [
          [`count(max ${BY_STREAM} (${M}stream_state{${STREAM}, state!="active"}) == 1) or vector(0)`, 'streams'],
        ],
        width: 4,
      },
      {
        title: 'Lag in intervals',
        description:
          'Age of the watermark in poll intervals of its stream. Up to one, and what SETTLE adds, is right; beyond three and ten minutes there is an alert.',
        type: 'bargauge',
        thresholds: [
          [null, 'green'],
          [1.5, 'orange'],
          [3, 'red'],
        ],
        queries: [
          [
            `min ${BY_STREAM} (${M}watermark_lag_seconds{${STREAM}}) / max ${BY_STREAM} (${M}poll_interval_seconds{${STREAM}})`,
            STREAM_NAME,
          ],
        ],
        max: 4,
        width: 16,
      },
      {
        title: 'Lag of each stream',
        description:
          'A saw tooth of the height of the poll interval is normal. A slope of one second per second is a stream that stands.',
        type: 'timeseries',
        unit: 's',
        queries: [[`min ${BY_STREAM} (${M}watermark_lag_seconds{${STREAM}})`, STREAM_NAME]],
        width: 24,
      },
    ],
  },
  {
    title: 'What is behind, and why?',
    panels: [
      {
        title: 'Blocked streams and connections',
        description:
          'What Intacct refuses, with the code of the refusal; the status page has its own words and what to do. Streams are asked for again once an hour, connections only after somebody has resumed them.',
        type: 'table',
        queries: [
          [`max by (connection, location, object, code) (${M}stream_blocked_info{${STREAM}})`, ''],
          [`max by (connection, code) (${M}connection_blocked_info{${CONNECTION}})`, ''],
        ],
        width: 12,
      },
      {
        title: 'Streams by state',
        description:
          'active: is read. paused: by an operator. blocked: refused by Intacct. backpressure: a queue is full, or Redis is.',
        type: 'timeseries',
        stacked: true,
        queries: [
          [`sum by (state) (max by (connection, location, object, state) (${M}stream_state{${STREAM}}))`, '{{state}}'],
        ],
        width: 6,
      },
      {
        title: 'Connections by state',
        description: 'paused: Intacct asked for fewer requests, or is off-line. blocked: it refuses the sign-in.',
        type: 'timeseries',
        stacked: true,
        queries: [[`sum by (state) (max by (connection, state) (${M}connection_state{${CONNECTION}}))`, '{{state}}']],
        width: 6,
      },
      {
        title: 'Catching up',
        description: 'Streams with more to read than one page, which are read page by page until they have caught up.',
        type: 'timeseries',
        queries: [[`max ${BY_STREAM} (${M}stream_catching_up{${STREAM}})`, STREAM_NAME]],
        max: 1,
        width: 8,
      },
      {
        title: 'Ticks by outcome',
        description:
          'done: everything due was read. unfinished: more to read, goes on at once. busy: another worker had it. failed: will be tried again; the log says why (poll.finished).',
        type: 'timeseries',
        unit: 'ops',
        stacked: true,
        queries: [[rate('polls_total', 'outcome', POLLER), '{{outcome}}']],
        width: 8,
      },
      {
        title: 'Duration of ticks',
        description: 'A tick is one request for all streams of a session, and as many more as there are pages to read.',
        type: 'timeseries',
        unit: 's',
        queries: [
          [quantileOf(0.5, 'poll_duration_seconds', POLLER), 'median'],
          [quantileOf(0.95, 'poll_duration_seconds', POLLER), '95%'],
        ],
        width: 8,
      },
    ],
  },
];
