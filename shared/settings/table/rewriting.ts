// Addresses that become others, as Postfix's cleanup(8) and smtp(8) do it: in the envelope of all mail, in header fields of mail of our own
// clients only.

import { localParts, masqueradeList } from '../address-kinds.ts'
import { someOf } from '../kinds.ts'
import { maps } from '../restrictions/table-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const rewritingSettings = {
  localHeaderRewriteClients: new Setting(
    someOf('permit_inet_interfaces', 'permit_mynetworks', 'permit_sasl_authenticated'),
    {
      reload: true,
      default: ['permit_mynetworks', 'permit_sasl_authenticated'],
      about:
        'Clients in whose mail addresses of header fields are completed (`bob` becomes bob@ with `myorigin`) and rewritten: this machine itself, `mynetworks`, who logged in. Header fields of other mail stay as they are.',
      known: { postfix: 'local_header_rewrite_clients' },
    },
  ),
  canonicalMaps: new Setting(maps, {
    reload: true,
    default: [],
    about:
      'Addresses and what they become, of senders and recipients, by address, by name alone where the domain is ours, or by `@domain`: another address, `@domain`, or a name.',
    known: { postfix: 'canonical_maps' },
  }),
  senderCanonicalMaps: new Setting(maps, {
    reload: true,
    default: [],
    about: 'The same for senders, before `canonicalMaps`.',
    known: { postfix: 'sender_canonical_maps' },
  }),
  recipientCanonicalMaps: new Setting(maps, {
    reload: true,
    default: [],
    about: 'The same for recipients, before `canonicalMaps`.',
    known: { postfix: 'recipient_canonical_maps' },
  }),
  canonicalClasses: new Setting(
    someOf('envelope_sender', 'envelope_recipient', 'header_sender', 'header_recipient'),
    {
      reload: true,
      default: ['envelope_sender', 'envelope_recipient', 'header_sender', 'header_recipient'],
      about: 'Where `canonicalMaps` applies.',
      known: { postfix: 'canonical_classes' },
    },
  ),
  senderCanonicalClasses: new Setting(someOf('envelope_sender', 'header_sender'), {
    reload: true,
    default: ['envelope_sender', 'header_sender'],
    about: 'Where `senderCanonicalMaps` applies.',
    known: { postfix: 'sender_canonical_classes' },
  }),
  recipientCanonicalClasses: new Setting(someOf('envelope_recipient', 'header_recipient'), {
    reload: true,
    default: ['envelope_recipient', 'header_recipient'],
    about: 'Where `recipientCanonicalMaps` applies.',
    known: { postfix: 'recipient_canonical_classes' },
  }),
  masqueradeDomains: new Setting(masqueradeList, {
    reload: true,
    default: [],
    about:
      'Domains in place of those below them: with example.net an address of host.example.net becomes one of example.net. The first that fits counts; one with `!` leaves it as it is.',
    known: { postfix: 'masquerade_domains' },
  }),
  masqueradeExceptions: new Setting(localParts, {
    reload: true,
    default: [],
    about: 'Names whose addresses keep their host, such as root.',
    known: { postfix: 'masquerade_exceptions' },
  }),
  masqueradeClasses: new Setting(
    someOf('envelope_sender', 'envelope_recipient', 'header_sender', 'header_recipient'),
    {
      reload: true,
      default: ['envelope_sender', 'header_sender', 'header_recipient'],
      about: 'Where `masqueradeDomains` applies.',
      known: { postfix: 'masquerade_classes' },
    },
  ),
  smtpGenericMaps: new Setting(maps, {
    reload: true,
    default: [],
    about:
      'Addresses that nobody outside knows, and what they become in envelope and header of mail that leaves by SMTP or SES; nothing changes in mailboxes here. The same keys as `canonicalMaps`.',
    known: { postfix: 'smtp_generic_maps' },
  }),
  propagateUnmatchedExtensions: new Setting(someOf('canonical', 'generic'), {
    reload: true,
    default: ['canonical'],
    about:
      'Of which maps an address extension that the key did not have is added to the result. Aliases always pass it on, forwards of accounts never.',
    known: { postfix: 'propagate_unmatched_extensions' },
  }),
} satisfies SettingGroup
