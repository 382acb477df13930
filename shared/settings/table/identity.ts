// Who administers: sign-in over HTTP, tokens, and the record of what was done.

import { duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const identitySettings = {
  sessionIdleTime: new Setting(duration({ min: 1 * MINUTE, max: 90 * DAY }), {
    default: 12 * HOUR,
    about: 'A session of the console or the API ends when it was not used for this long.',
    reload: true,
  }),
  sessionLifetime: new Setting(duration({ min: 5 * MINUTE, max: 365 * DAY }), {
    default: 14 * DAY,
    about:
      'A session of the console or the API ends this long after the sign-in, however much it is used.',
    reload: true,
  }),
  apiTokenLifetime: new Setting(duration({ min: 1 * HOUR, max: 3_650 * DAY }), {
    default: 366 * DAY,
    about:
      'The longest time that a token of the API may be good for; those that were made keep theirs.',
    reload: true,
  }),
  apiRequestsPerMinute: new Setting(integer({ min: 0, max: 1_000_000 }), {
    default: 600,
    about: 'Requests to the API that one account, or one token, may make a minute; 0: no limit.',
    reload: true,
  }),
  apiRequestsPerMinutePerNetwork: new Setting(integer({ min: 0, max: 1_000_000 }), {
    default: 1_200,
    about:
      'Requests to the API from one network (an IPv4 address or an IPv6 /64) a minute; a tenth of them without having signed in. 0: no limit.',
    reload: true,
  }),
  auditRetention: new Setting(duration({ min: 1 * DAY, max: 3_650 * DAY }), {
    default: 400 * DAY,
    about:
      'How long the record of what administrators did is kept, from when it is written; a change holds for what is written afterwards.',
    reload: true,
  }),
} satisfies SettingGroup
