// Domains that mail is taken for and sent on, and certificates whose owners may relay: lists, or access tables.

import { addressTables, domainTables, fingerprintTables } from '../restrictions/table-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const relaySettings = {
  relayDomains: new Setting(domainTables, {
    reload: true,
    default: [],
    about:
      'Domains, with those below them, whose mail is taken from anybody and sent on to their better mail hosts (or `relayhost`): this system is a backup MX of theirs. None of them may be a domain here.',
    known: { postfix: 'relay_domains' },
  }),
  relayRecipientMaps: new Setting(addressTables, {
    reload: true,
    default: [],
    about:
      'Addresses in `relayDomains` that exist; mail for others is refused (550). Nothing: all do, and their own mail host refuses some of them later, which makes us send bounces to forged senders.',
    known: { postfix: 'relay_recipient_maps' },
  }),
  relayClientcerts: new Setting(fingerprintTables, {
    reload: true,
    default: [],
    about:
      'Fingerprints of client certificates, or of their public keys, that `permit_tls_clientcerts` lets relay; `smtpdTlsAskCcert` has clients asked for one.',
    known: { postfix: 'relay_clientcerts' },
  }),
} satisfies SettingGroup
