// Weighing, as policyd-weight does it: `check_policy_service policyd-weight` in a list. Names of policyd-weight's own configuration stand in
// the sentences.

import { boolean, duration, integer, text } from '../kinds.ts'
import {
  debianScores,
  points,
  scorePairs,
  weighedLists,
  weightAction,
} from '../restrictions/weights.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const ENTRIES_MAX = 1_000_000
const WORDS_MAX = 100

const words: Kind<readonly string[]> = {
  ...text,
  name: 'words',
  allowed: `words, separated by spaces, at most ${WORDS_MAX}, or nothing`,
  parse: (value) => {
    const given = text.parse(value)?.split(/\s+/).filter(Boolean)
    return given && given.length <= WORDS_MAX ? given : undefined
  },
  format: (value) => value.join(' '),
}

const entries = integer({ min: 0, max: ENTRIES_MAX })

const rejectMessage =
  '550 Mail appeared to be SPAM or forged. Ask your Mail/DNS-Administrator to correct HELO and DNS MX settings or to get removed from DNSBLs'

/**
 * Lists that answer today, only the answers that mean what the name says. Nobody gains by not being in one, so that it does not matter
 * whether it answers.
 */
const modernLists =
  'zen.spamhaus.org=127.0.0.[10..11] 3.25 0 DYN_PBL_SPAMHAUS, zen.spamhaus.org=127.0.0.[2..7;9] 4.35 0 SBL_XBL_SPAMHAUS, bl.spamcop.net=127.0.0.2 3.75 0 SPAMCOP, list.dnswl.org=127.0.[0..255].[1..3] -2 0 DNSWL'

/** As Debian's policyd-weight comes, without what is dead. */
const ispLists =
  'pbl.spamhaus.org=127.0.0.[10..11] 3.25 0 DYN_PBL_SPAMHAUS, sbl-xbl.spamhaus.org=127.0.0.[2..9] 4.35 -1.5 SBL_XBL_SPAMHAUS, bl.spamcop.net=127.0.0.2 3.75 -1.5 SPAMCOP'

const surbl = 'multi.surbl.org=127.0.0.[2..254] 4 0 SURBL'

const modernDomainLists = `dbl.spamhaus.org=127.0.1.[2..99] 4 0 DBL_SPAMHAUS, ${surbl}`

export const weightSettings = {
  weightDnsLists: new Setting(weighedLists, {
    reload: true,
    default: [],
    derivedBy: {
      setting: 'policyPreset',
      texts: { modern: modernLists, isp: ispLists, open: modernLists },
    },
    about:
      'DNS lists of addresses that clients are looked up in, and what a hit and a miss count (@dnsbl_score). One that is out of order, or refuses to answer, counts nothing and is left alone for a while. Points below 0 for a hit are of lists of good clients. Spamhaus answers small systems only, and none that ask through a public name server: with a key of theirs the zone is `<name>.zen.dq.spamhaus.net`, see `dnsListKeys`.',
  }),
  weightRhsLists: new Setting(weighedLists, {
    reload: true,
    default: [],
    derivedBy: {
      setting: 'policyPreset',
      texts: {
        modern: modernDomainLists,
        isp: surbl,
        open: modernDomainLists,
      },
    },
    about:
      "DNS lists of domains that the sender's domain is looked up in (@rhsbl_score). A miss counts nothing.",
  }),
  weightScores: new Setting(scorePairs, {
    reload: true,
    default: debianScores,
    about:
      'What each check counts: the first number where it speaks against the message, the second where it speaks for it. Several weigh more for a client that DNS lists have.',
  }),
  weightRejectLevel: new Setting(points, {
    reload: true,
    default: 1,
    derivedBy: { setting: 'policyPreset', texts: { modern: '4', isp: '1', open: '4' } },
    about:
      'A message with so many points is refused (REJECTLEVEL). It is higher than in Debian where not being in lists earns nothing.',
  }),
  weightRejectMessage: new Setting(weightAction, {
    reload: true,
    default: weightAction.parse(rejectMessage) ?? { kind: 'reply', code: 550, text: '' },
    about: 'What a client is told whose message is refused (REJECTMSG); why stands behind it.',
  }),
  weightDeferLevel: new Setting(points, {
    reload: true,
    default: 5,
    about:
      'A message with fewer points than this that is refused for one of `weightDeferStrings` is only put off (DEFER_LEVEL).',
  }),
  weightDeferStrings: new Setting(words, {
    reload: true,
    default: ['IN_SPAMCOP=', 'BOGUS_MX='],
    about: 'Names of checks and lists that often speak against the innocent (DEFER_STRING).',
  }),
  weightDeferAction: new Setting(weightAction, {
    reload: true,
    default: { kind: 'reply', code: 450, text: '' },
    about:
      'What is said in place of the code of `weightRejectMessage` to put a message off (DEFER_ACTION).',
  }),
  weightDnsListHitLimit: new Setting(integer({ min: 0, max: 100 }), {
    reload: true,
    default: 2,
    about: 'A client in more DNS lists than this is refused at once (MAXDNSBLHITS).',
  }),
  weightDnsListPointLimit: new Setting(points, {
    reload: true,
    default: 8,
    about: 'A client with more points than this from DNS lists is refused at once (MAXDNSBLSCORE).',
  }),
  weightDnsListMessage: new Setting(weightAction, {
    reload: true,
    default: { kind: 'reply', code: 550, text: 'Your MTA is listed in too many DNSBLs' },
    about: 'What it is told (MAXDNSBLMSG).',
  }),
  weightDnsListsOnly: new Setting(boolean, {
    reload: true,
    default: false,
    about:
      'Whether nothing but DNS lists is asked, and only a client in too many of them is refused (dnsbl_checks_only).',
  }),
  weightUnknownMessage: new Setting(weightAction, {
    reload: true,
    default: {
      kind: 'reply',
      code: 450,
      text: 'No DNS entries for your MTA, HELO and Domain. Contact YOUR administrator',
    },
    about:
      'What a client is told when the DNS knows nothing of it, its HELO name and its sender (DNSERRMSG).',
  }),
  weightDnsFailureLimit: new Setting(integer({ min: 1, max: 100 }), {
    reload: true,
    default: 3,
    about: 'After so many questions to the DNS without an answer a message passes (MAXDNSERR).',
  }),
  weightHeader: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether a message that passes gets a field X-policyd-weight with all that was found and its points (ADD_X_HEADER).',
  }),
  weightRefusedCacheSize: new Setting(entries, {
    reload: true,
    default: 2_000,
    about:
      'Refused clients that are remembered, in each process; 0 for none (CACHESIZE). There are twice as many before the oldest go.',
  }),
  weightRefusedCacheRetries: new Setting(integer({ min: 0, max: 1_000 }), {
    reload: true,
    default: 1,
    about:
      'So often a remembered client is refused again that came back after `weightRefusedCacheTime`, before it is judged anew (NTTL).',
  }),
  weightRefusedCacheTime: new Setting(duration({ min: 0, max: 7 * DAY }), {
    reload: true,
    default: 30 * SECOND,
    about: 'Who comes back sooner is refused again and does not come nearer to its end (NTIME).',
  }),
  weightPassedCacheSize: new Setting(entries, {
    reload: true,
    default: 1_000,
    about:
      'Clients with a domain that were taken and are remembered, in each process; 0 for none (POSCACHESIZE). They are asked about DNS lists only. There are twice as many before the oldest go.',
  }),
  weightPassedCacheTrial: new Setting(duration({ min: 0, max: 365 * DAY }), {
    reload: true,
    default: 1 * DAY,
    about: 'Who has been remembered for longer is not even asked about those (TEMP_PTIME) …',
  }),
  weightPassedCacheUses: new Setting(integer({ min: 0, max: ENTRIES_MAX }), {
    reload: true,
    default: 60,
    about: '… so often (PTTL) …',
  }),
  weightPassedCacheTime: new Setting(duration({ min: 0, max: 365 * DAY }), {
    reload: true,
    default: 3 * HOUR,
    about: '… within this time, and then once again (PTIME).',
  }),
} satisfies SettingGroup
