// Greylisting, in postgrey's words. It is done where a restriction list has `check_policy_service postgrey`.

import { greylistClients, greylistRecipients } from '../greylist-entries.ts'
import { boolean, choice, duration, integer, text } from '../kinds.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

const SCORE = /^-?\d{1,4}(?:\.\d{1,4})?$/

/** Null: whoever it is. */
const leastScore: Kind<number | null> = {
  name: 'score',
  allowed: 'a number such as 1.5, or nothing',
  parse: (written) => {
    if (written === '') return null
    return SCORE.test(written) ? Number(written) : undefined
  },
  format: (value) => (value === null ? '' : String(value)),
}

export const greylistSettings = {
  postgreyDelay: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    reload: true,
    default: 300 * SECOND,
    about: 'How long after its first try mail of a client that is not known is taken (--delay).',
  }),
  postgreyRetryWindow: new Setting(duration({ min: 1 * HOUR, max: 30 * DAY }), {
    reload: true,
    default: 2 * DAY,
    about:
      'How long after its first try mail must have come again; later, it counts as new (--retry-window).',
  }),
  postgreyMaxAge: new Setting(duration({ min: 1 * DAY, max: 365 * DAY }), {
    reload: true,
    default: 35 * DAY,
    about:
      'How long after the last mail it is remembered that sender, recipient and network are known, and which clients are (--max-age).',
  }),
  postgreyAutoWhitelistClients: new Setting(integer({ min: 0, max: 10_000 }), {
    reload: true,
    default: 5,
    about:
      'After so many mails that came again, at most one an hour counted, all mail from an address is taken at once; 0: never (--auto-whitelist-clients).',
  }),
  postgreyAction: new Setting(choice('DEFER_IF_PERMIT', 'DEFER'), {
    reload: true,
    default: 'DEFER_IF_PERMIT',
    about:
      'How mail is greylisted: only if nothing else refuses it, or at once (--greylist-action).',
  }),
  postgreyText: new Setting(text, {
    reload: true,
    default: 'Greylisted, come back in %s seconds',
    about:
      'What the client is told, after 450 4.2.0 unless it begins with another code such as 4.7.1: %s are the seconds left, %r is the domain of the recipient (--greylist-text).',
  }),
  postgreyHeader: new Setting(text, {
    reload: true,
    default: 'X-Greylist: delayed %t seconds by Postwolke at %h; %d',
    about:
      'The header field of a message that has waited: %t are the seconds, %h is `hostname`, %d the date; nothing for none (--x-greylist-header).',
  }),
  postgreyPrivacy: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether a hash is stored in place of addresses (--privacy). A change begins anew with all that is known.',
  }),
  postgreyIpv4Cidr: new Setting(integer({ min: 8, max: 32 }), {
    reload: true,
    default: 24,
    about:
      'Bits of an IPv4 address that name the network whose addresses count as one; 32: each for itself (--ipv4cidr, --lookup-by-host).',
  }),
  postgreyIpv6Cidr: new Setting(integer({ min: 16, max: 128 }), {
    reload: true,
    default: 64,
    about: 'The same of an IPv6 address (--ipv6cidr).',
  }),
  postgreySpfDomains: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      "Whether a domain's SPF, where it passes, counts in place of the network: large senders come again from anywhere.",
  }),
  postgreyShippedLists: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether known senders with many addresses, and the recipients postmaster and abuse, are never greylisted.',
  }),
  postgreyWhitelistClients: new Setting(greylistClients, {
    reload: true,
    default: [],
    about: 'Further clients that are never greylisted (--whitelist-clients).',
  }),
  postgreyWhitelistRecipients: new Setting(greylistRecipients, {
    reload: true,
    default: [],
    about: 'Further recipients whose mail is never greylisted (--whitelist-recipients).',
  }),
  postgreyRecipients: new Setting(greylistRecipients, {
    reload: true,
    default: [],
    about: 'If there are any, the mail of these recipients alone is greylisted.',
  }),
  postgreySuspiciousScore: new Setting(leastScore, {
    reload: true,
    default: null,
    // Above those of whom nothing was found, such as most bounces; mail servers of their senders' lie far below.
    derivedBy: { setting: 'policyPreset', texts: { modern: '0.1', isp: '', open: '' } },
    about:
      'Only clients that have scored so much, by what stands before it in the list, such as `check_policy_service policyd-weight`, are greylisted; nothing: all.',
  }),
} satisfies SettingGroup
