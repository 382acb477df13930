// Mail that is sent on, and copies that nobody asked for: the envelope sender of forwarded mail, BCC maps.

import { SRS_HASH_LENGTH_MAX, SRS_HASH_LENGTH_MIN } from '#shared/mail/srs.ts'
import { domain, mailAddress } from '../address-kinds.ts'
import { boolean, filePath, integer } from '../kinds.ts'
import { domainTables, maps } from '../restrictions/table-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const forwardingSettings = {
  srs: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether mail from outside that an alias or an account sends on to outside gets an envelope sender of ours (SRS), so that SPF does not refuse it. Bounces come back and are sent on to whom they are for; what was sent on before this was switched off comes back all the same.',
    known: { postfix: 'sender_canonical_maps = tcp:localhost:10001 (PostSRSd)' },
  }),
  srsDomain: new Setting(domain, {
    reload: true,
    default: '',
    defaultText: '`defaultDomain`, or `hostname` without one',
    about:
      'The domain of such senders; its MX must be this system, and its SPF record must name it. Best one of its own, such as srs.example.net, which need not be in the directory. Bounces to the one before are not known any more.',
  }),
  srsSecretsFile: new Setting(filePath, {
    reload: true,
    default: '',
    about:
      'File with the secrets that such senders are signed with, one a line: the first signs, all are believed. For hosts that share them, with PostSRSd too; on one machine only. Nothing: the system makes one when mail is forwarded for the first time, and another every 90 days (`postwolke srs rotate`).',
  }),
  srsHashLength: new Setting(integer({ min: SRS_HASH_LENGTH_MIN, max: SRS_HASH_LENGTH_MAX }), {
    reload: true,
    default: 6,
    about:
      'Characters of a signature, of which each tells 5 bits; shorter ones are refused. 4 is what PostSRSd writes. Whoever guesses one can have a message sent to one address of his choice.',
  }),
  srsExcludeDomains: new Setting(domainTables, {
    reload: true,
    default: [],
    about: 'Domains, with those below them, whose senders stay as they are.',
  }),
  alwaysBcc: new Setting(mailAddress, {
    reload: true,
    default: '',
    about:
      'Who gets a copy of every message that is taken, whoever it is for; not of what the system itself writes. Of a copy that cannot be delivered nobody is told.',
    known: { postfix: 'always_bcc' },
  }),
  senderBccMaps: new Setting(maps, {
    reload: true,
    default: [],
    about: 'Who gets a copy of all mail of a sender, by address or `@domain`.',
    known: { postfix: 'sender_bcc_maps' },
  }),
  recipientBccMaps: new Setting(maps, {
    reload: true,
    default: [],
    about: 'Who gets a copy of all mail for a recipient, by address or `@domain`.',
    known: { postfix: 'recipient_bcc_maps' },
  }),
} satisfies SettingGroup
