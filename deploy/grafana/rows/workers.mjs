import { GOOD_IF_NONE, M, POLLER } from '../query.mjs';

/** @type {readonly import('../query.mjs').Row[]} */
export const WORKERS = [
  {
    title: 'Queues',
    panels: [
      {
        title: 'Waiting',
        description: 'Jobs that nobody has taken yet. At QUEUE_HIGH_WATER the streams of a queue stop reading.',
        type: 'timeseries',
        queries: [
          [`max by (queue) (${M}queue_waiting_jobs)`, '{{queue}} waiting'],
          [`max by (queue) (${M}queue_delayed_jobs)`, '{{queue}} waiting for another attempt'],
        ],
        width: 8,
      },
      {
        title: 'Oldest waiting event',
        description: 'How long the oldest job has been waiting: what consumers are behind.',
        type: 'timeseries',
        unit: 's',
        queries: [[`max by (queue) (${M}queue_oldest_waiting_age_seconds)`, '{{queue}}']],
        width: 8,
      },
      {
        title: 'Given up',
        description: 'Jobs that have failed at every attempt of their consumer. They are kept for thirty days.',
        type: 'timeseries',
        queries: [[`max by (queue) (${M}queue_failed_jobs)`, '{{queue}}']],
        width: 8,
      },
    ],
  },
  {
    title: 'Workers and Redis',
    panels: [
      {
        title: 'Workers',
        description: 'Live processes on this Redis.',
        type: 'stat',
        queries: [[`max(${M}replicas)`, 'workers']],
        width: 3,
      },
      {
        title: 'Version',
        description: 'More than one during a roll-out.',
        type: 'table',
        queries: [[`count by (version) (${M}build_info)`, '']],
        width: 5,
      },
      {
        title: 'Redis',
        description:
          'Whether Redis answers, keeps its data on disk, and keeps it in memory. Least of what the workers tell.',
        type: 'stat',
        values: { 0: 'no', 1: 'yes' },
        thresholds: [
          [null, 'red'],
          [1, 'green'],
        ],
        queries: [
          [`min(${M}redis_up)`, 'answers'],
          [`min(${M}redis_persistence_ok)`, 'on disk'],
          [`1 - max(${M}redis_evicts)`, 'never evicts'],
        ],
        width: 8,
      },
      {
        title: 'Memory of Redis',
        description: 'Of its limit. From 95% on nothing more is read.',
        type: 'stat',
        unit: 'percentunit',
        thresholds: [
          [null, 'green'],
          [0.8, 'orange'],
          [0.95, 'red'],
        ],
        queries: [[`max(${M}redis_memory_used_ratio)`, 'used']],
        width: 4,
      },
      {
        title: 'Disagreeing configurations',
        description: 'Workers with another configuration than others have: normal for minutes, during a roll-out.',
        type: 'stat',
        thresholds: GOOD_IF_NONE,
        queries: [[`max(${M}configurations_disagree)`, 'workers']],
        width: 4,
      },
      {
        title: 'What went wrong within an hour',
        description:
          'Commits that were not done (nothing is lost: they are done again), pollers taken over from a worker that had died or stood still, schedules that had to be made again.',
        type: 'timeseries',
        queries: [
          [`sum by (code) (increase(${M}commits_failed_total[1h]))`, 'commit {{code}}'],
          [
            `sum by (connection, location) (increase(${M}lease_changes_total{${POLLER}}[1h]))`,
            'taken over: {{connection}} {{location}}',
          ],
          [`sum(increase(${M}schedules_revived_total[1h]))`, 'schedules revived'],
        ],
        width: 24,
      },
      {
        title: 'Processor time',
        description: 'Of each worker; 1 is a whole core.',
        type: 'timeseries',
        queries: [
          [`rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) ${M}build_info`, '{{instance}}'],
        ],
        width: 8,
      },
      {
        title: 'Memory',
        description: 'Resident memory of each worker.',
        type: 'timeseries',
        unit: 'bytes',
        queries: [[`process_resident_memory_bytes and on (job, instance) ${M}build_info`, '{{instance}}']],
        width: 8,
      },
      {
        title: 'Event loop lag',
        description: 'The slowest hundredth. Above a second leases and job locks are in danger.',
        type: 'timeseries',
        unit: 's',
        queries: [[`nodejs_eventloop_lag_p99_seconds and on (job, instance) ${M}build_info`, '{{instance}}']],
        width: 8,
      },
    ],
  },
];
