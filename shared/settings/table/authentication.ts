// Authentication of mail that strangers send: what is found out (RFC 8601), and what follows from it.

import { domainActions, domainList, hostName, networkList } from '../address-kinds.ts'
import { boolean, choice } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const authenticationActions = ['none', 'tag', 'quarantine', 'reject'] as const
export type AuthenticationAction = (typeof authenticationActions)[number]

const action = choice(...authenticationActions)

const on = (what: string, action_: AuthenticationAction, why = '') =>
  new Setting(action, {
    reload: true,
    default: action_,
    about: `What becomes of mail ${what}: none, tag (a header field says so), quarantine (into Junk), reject.${why}`,
  })

export const authenticationSettings = {
  mailAuthentication: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether SPF, DKIM, DMARC, ARC and the names of the client are looked at in mail of strangers, and told in an Authentication-Results field. Mail of logins and of `mynetworks` is not asked about. A name server that does not answer makes nobody an impostor.',
  }),
  authservId: new Setting(hostName, {
    default: 'localhost.localdomain',
    derived: '$hostname',
    about:
      'Our name in Authentication-Results fields. In mail of strangers those in this name, or in `hostname`, are left out as forged (RFC 8601 §5).',
  }),
  trustedAuthservNetworks: new Setting(networkList, {
    default: [],
    about:
      'Clients besides `mynetworks` that have authenticated mail before they hand it on, such as a backup MX of ours: their Authentication-Results stay, and nothing is asked again.',
  }),
  spfPolicy: {
    fail: on(
      'whose client its sender does not allow (SPF fail) where DMARC says nothing for it',
      'tag',
      ' Forwarders that keep the sender fail too, so that refusing loses good mail.',
    ),
    softfail: on('whose client its sender does not quite allow (SPF softfail)', 'none'),
    permerror: on('whose sender has an SPF record that cannot be read', 'none'),
  },
  dkimPolicy: {
    fail: on('that is signed, and no signature is good', 'none', ' Lists and scanners break them.'),
    none: on('that is not signed', 'none'),
  },
  dmarcPolicy: {
    reject: on(
      "that fails DMARC, where the author's domain wants it refused",
      'quarantine',
      ' Lists and forwarders break what DMARC checks, and subscribers who are refused their mail are taken off their lists: with reject, mail that calls itself of a list still goes into Junk, and `arcTrustedSealers` get theirs through.',
    ),
    quarantine: on("that fails DMARC, where the author's domain wants it set apart", 'quarantine'),
    none: on("that fails DMARC, where the author's domain wants nothing done", 'none'),
    permerror: on(
      'to which DMARC cannot be applied: no author, authors of several domains, or a header that is too long to be judged',
      'quarantine',
      ' With less than for `dmarcPolicy.reject`, whoever writes a second author gets past that.',
    ),
  },
  dmarcOverrides: new Setting(domainActions, {
    reload: true,
    default: [],
    about:
      'What becomes of mail that fails DMARC by author: `domain=action`, the domains below it too, instead of what the domain wants.',
  }),
  arcTrustedSealers: new Setting(domainList, {
    reload: true,
    default: [],
    about:
      'Domains of forwarders and lists whose ARC seal is believed: what they found a good author stays one, though their forwarding broke its signatures (RFC 8617).',
  }),
  dmarcReports: new Setting(boolean, {
    default: false,
    about:
      "Whether domains that ask for it are sent a report of the day's mail in their name (RFC 9990): addresses of clients, counts and results, no content and no recipients.",
  }),
} satisfies SettingGroup
