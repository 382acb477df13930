// How much of what waits leaves at a time, and where to: Postfix's qmgr(8).

import { CONCURRENCY_MAX, feedback, RATE_DELAY_MS_MAX, transportLimits } from '../delivery-kinds.ts'
import { duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const queueManagerSettings = {
  qmgrMessageActiveLimit: new Setting(integer({ min: 10, max: 1_000_000 }), {
    reload: true,
    default: 20_000,
    about:
      'Groups of recipients (a message for one destination is one, or several) that are in memory for delivery; what is more stays on the disk. On one machine.',
    known: { postfix: 'qmgr_message_active_limit' },
  }),
  defaultProcessLimit: new Setting(integer({ min: 1, max: CONCURRENCY_MAX }), {
    reload: true,
    default: 100,
    about:
      'Deliveries at the same time by one transport, to all destinations together; `transportLimits` has others for some. One that takes longer than three seconds makes room for another, up to twenty for each of these. On one machine; on AWS the size of the deployment decides.',
    known: { postfix: 'default_process_limit' },
  }),
  localProcessLimit: new Setting(integer({ min: 1, max: 1_000 }), {
    reload: true,
    default: 20,
    about:
      'Deliveries into folders here at the same time, of what could not be delivered as it came in. On one machine.',
  }),
  initialDestinationConcurrency: new Setting(integer({ min: 1, max: CONCURRENCY_MAX }), {
    reload: true,
    default: 5,
    about: 'Deliveries to one destination at the same time, at first. On one machine.',
    known: { postfix: 'initial_destination_concurrency' },
  }),
  defaultDestinationConcurrencyLimit: new Setting(integer({ min: 0, max: CONCURRENCY_MAX }), {
    reload: true,
    default: 20,
    about:
      'Deliveries to one destination at the same time at most, 0 for no limit: it is approached as they succeed. On one machine.',
    known: { postfix: 'default_destination_concurrency_limit' },
  }),
  defaultDestinationConcurrencyPositiveFeedback: new Setting(feedback, {
    reload: true,
    default: { base: 1, per: 'one' },
    about:
      'By how much a delivery that its destination took, or refused in its own words, raises the number of those at the same time.',
    known: { postfix: 'default_destination_concurrency_positive_feedback' },
  }),
  defaultDestinationConcurrencyNegativeFeedback: new Setting(feedback, {
    reload: true,
    default: { base: 1, per: 'one' },
    about:
      'By how much a delivery that did not get through to its destination lowers the number of those at the same time; never below one.',
    known: { postfix: 'default_destination_concurrency_negative_feedback' },
  }),
  defaultDestinationConcurrencyFailedCohortLimit: new Setting(integer({ min: 0, max: 1_000 }), {
    reload: true,
    default: 1,
    about:
      'After so many times as many deliveries in a row that did not get through as go to a destination at the same time it is left alone for `minimalBackoffTime`, and what waits for it is deferred; 0 for never. At least 10 where there is a rate delay.',
    known: { postfix: 'default_destination_concurrency_failed_cohort_limit' },
  }),
  defaultDestinationRateDelay: new Setting(duration({ min: 0, max: RATE_DELAY_MS_MAX }), {
    reload: true,
    default: 0,
    about:
      'The wait between the end of a delivery to a destination and the next one; with one, deliveries to it go one by one, also when the queue is flushed. On one machine.',
    known: { postfix: 'default_destination_rate_delay' },
  }),
  transportLimits: new Setting(transportLimits, {
    reload: true,
    default: [],
    about:
      'Other limits for a transport or a next hop: what is said of the next hop counts, then what is said of the transport, then the settings above.',
    known: {
      postfix:
        'transport_destination_concurrency_limit, transport_initial_destination_concurrency, transport_destination_rate_delay, maxproc of master.cf',
    },
  }),
} satisfies SettingGroup
