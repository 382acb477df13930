// Who else looks at a message that policy has nothing against, before its sender is told that it was taken.

import { contentFilterHop, filterAddress, orderedChoices, webUrl } from '../filter-kinds.ts'
import { bytes, choice, duration, filePath, integer } from '../kinds.ts'
import type { ServiceAddress } from '../service-address.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MEGABYTE = 1024 ** 2
const GIGABYTE = 1024 ** 3
const SECOND = 1_000
const MINUTE = 60 * SECOND

type Defaults = {
  readonly timeLimit: number
  readonly concurrency: number
  readonly sizeLimit: number
  readonly failure: 'accept' | 'defer'
  readonly mail: 'all' | 'strangers' | 'submissions'
}

/** What every filter can be told. */
function filterSettings(name: string, defaults: Defaults) {
  return {
    timeLimit: new Setting(duration({ min: 100, max: 5 * MINUTE }), {
      default: defaults.timeLimit,
      reload: true,
      about: `In this time ${name} must have answered about a message, waiting for its turn included.`,
    }),
    concurrency: new Setting(integer({ min: 1, max: 1_000 }), {
      default: defaults.concurrency,
      reload: true,
      about: `Messages that ${name} looks at at the same time; others wait for their turn.`,
    }),
    failure: new Setting(choice('accept', 'defer'), {
      default: defaults.failure,
      reload: true,
      about: `What becomes of a message that ${name} cannot be asked about: it is taken with a warning in the log, or its sender is asked to come again (451).`,
    }),
    sizeLimit: new Setting(bytes({ min: 1024, max: 2 * GIGABYTE }), {
      default: defaults.sizeLimit,
      reload: true,
      about: `Larger messages are not shown to ${name}.`,
    }),
    oversize: new Setting(choice('accept', 'reject'), {
      default: 'accept',
      reload: true,
      about: `What becomes of those: taken, which the log tells, or refused (552).`,
    }),
    mail: new Setting(choice('all', 'strangers', 'submissions'), {
      default: defaults.mail,
      reload: true,
      about: `Whose messages ${name} looks at: all, or only those of clients without a login, or of those with one.`,
    }),
  }
}

const clamdDefault: ServiceAddress = { kind: 'unix', path: '/var/run/clamav/clamd.ctl' }
const rspamdDefault: ServiceAddress = { kind: 'inet', host: '127.0.0.1', port: 11_333 }

export const contentSettings = {
  contentFilters: new Setting(orderedChoices('milters', 'clamd', 'rspamd', 'webhook'), {
    default: [],
    reload: true,
    about:
      'Filters that look at a message before it is taken, in this order; the first that refuses it ends it. `milters` are those of `smtpdMilters`, which come first where they are not named here.',
  }),
  clamd: {
    address: new Setting(filterAddress, {
      default: clamdDefault,
      reload: true,
      about: "Where ClamAV's daemon listens.",
    }),
    virus: new Setting(choice('reject', 'quarantine', 'discard'), {
      default: 'reject',
      reload: true,
      about:
        'What becomes of a message with a virus: refused (550), taken and held for an operator, or taken and given to nobody.',
    }),
    ...filterSettings('clamd', {
      timeLimit: 60 * SECOND,
      concurrency: 8,
      // A virus scanner that is away must not let viruses pass.
      failure: 'defer',
      // StreamMaxLength of Debian.
      sizeLimit: 25 * MEGABYTE,
      mail: 'all',
    }),
  },
  rspamd: {
    address: new Setting(filterAddress, {
      default: rspamdDefault,
      reload: true,
      about: "Where rspamd's normal worker listens.",
    }),
    spam: new Setting(choice('junk', 'header'), {
      default: 'junk',
      reload: true,
      about:
        "What its actions `add header` and `rewrite subject` lead to besides the field X-Spam: the recipient's Junk folder, or nothing.",
    }),
    reject: new Setting(choice('reject', 'quarantine', 'discard', 'junk'), {
      default: 'reject',
      reload: true,
      about:
        'What its action `reject` leads to: refused (554), held for an operator, given to nobody, or Junk.',
    }),
    greylist: new Setting(choice('ignore', 'defer'), {
      default: 'ignore',
      reload: true,
      about:
        'What its action `greylist` leads to: nothing, as with its own proxy for milters, or 451. Its module greylist says `soft reject`, which is always 451.',
    }),
    ...filterSettings('rspamd', {
      timeLimit: 20 * SECOND,
      concurrency: 16,
      failure: 'accept',
      sizeLimit: 10 * MEGABYTE,
      mail: 'strangers',
    }),
  },
  webhook: {
    url: new Setting(webUrl, {
      default: null,
      reload: true,
      about: 'A program of yours that is told of each message as JSON ([webhook.md](webhook.md)).',
    }),
    secretFile: new Setting(filePath, {
      default: '',
      reload: true,
      about: 'A file whose first line signs the requests (HMAC); without it they are not signed.',
    }),
    content: new Setting(bytes({ min: 0, max: 8 * MEGABYTE }), {
      default: 0,
      reload: true,
      about: 'Bytes of the message, from its beginning, that are sent along in base64; 0 for none.',
    }),
    ...filterSettings('the webhook', {
      timeLimit: 10 * SECOND,
      concurrency: 16,
      failure: 'defer',
      sizeLimit: 2 * GIGABYTE,
      mail: 'all',
    }),
  },
  contentFilter: new Setting(contentFilterHop, {
    default: null,
    about:
      'A filter that takes the message by SMTP after it was taken here, and sends it back to `listeners.reinjection` (amavis and its like): every message of the listeners smtp, submission, submissions and lmtp goes there first.',
    known: { postfix: 'content_filter' },
  }),
} satisfies SettingGroup
