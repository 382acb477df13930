// The queue and what leaves it.

import { networkList, nextHop } from '../address-kinds.ts'
import { boolean, bytes, choice, duration, filePath, integer, text } from '../kinds.ts'
import { maps } from '../restrictions/table-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MEGABYTE = 1024 ** 2
const TERABYTE = 1024 ** 4
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const queueSettings = {
  queueMinfree: new Setting(bytes({ min: 0, max: 1024 * TERABYTE }), {
    default: 64 * MEGABYTE,
    about:
      'What must stay free on the disk of the data folder; never less than 1.5 times messageSizeLimit. Below it MAIL is answered with 452 4.3.1 and nothing new is stored, so that mail can still be delivered and deleted.',
    known: { postfix: 'queue_minfree' },
  }),
  minimalBackoffTime: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    reload: true,
    default: 300 * SECOND,
    about:
      'The wait after the first delivery attempt that failed for now. After a later one it is as long as the message has waited already; each is a fifth longer or shorter, by chance.',
    known: { postfix: 'minimal_backoff_time' },
  }),
  maximalBackoffTime: new Setting(duration({ min: 1 * SECOND, max: 7 * DAY }), {
    reload: true,
    default: 4_000 * SECOND,
    about: 'The longest wait between two delivery attempts.',
    known: { postfix: 'maximal_backoff_time' },
  }),
  maximalQueueLifetime: new Setting(duration({ min: 0, max: 100 * DAY }), {
    reload: true,
    default: 5 * DAY,
    about:
      'How long delivery is tried; 0 means one attempt. Then the message is returned to its sender.',
    known: { postfix: 'maximal_queue_lifetime' },
  }),
  bounceQueueLifetime: new Setting(duration({ min: 0, max: 100 * DAY }), {
    reload: true,
    default: 1 * DAY,
    about:
      'The same for mail without a sender, which tells others what became of theirs; 0 means one attempt. Never longer than maximalQueueLifetime.',
    known: { postfix: 'bounce_queue_lifetime' },
  }),
  transportMaps: new Setting(maps, {
    reload: true,
    default: [],
    about:
      'How mail for an address, a domain, or the domains below one (`.example.net`) leaves, `*` for all: `transport:nexthop`, where the transport is smtp, lmtp, ses, discard, error or retry; what is left out is as without an entry. A host in brackets is taken as it is, else its MX records count. It applies to what waits as well.',
    known: { postfix: 'transport_maps' },
  }),
  defaultTransport: new Setting(choice('smtp', 'ses', 'retry'), {
    reload: true,
    default: 'smtp',
    about:
      'How mail leaves of which `transportMaps` says nothing: smtp, ses (the API of Amazon SES), or retry, which keeps it.',
    known: { postfix: 'default_transport' },
  }),
  senderDependentRelayhostMaps: new Setting(maps, {
    reload: true,
    default: [],
    about:
      'The relay host of a sender, by address or domain (`<>`: the null sender); DUNNO means that of all.',
    known: { postfix: 'sender_dependent_relayhost_maps' },
  }),
  relayhost: new Setting(nextHop, {
    reload: true,
    default: null,
    about: "Where all mail for other systems goes; nothing means the recipient domain's MX.",
    known: { postfix: 'relayhost' },
  }),
  relayhostUser: new Setting(text, {
    reload: true,
    default: '',
    about: 'Login at the relay host; nothing means no login.',
    known: { postfix: 'smtp_sasl_password_maps' },
  }),
  relayhostPasswordFile: new Setting(filePath, {
    reload: true,
    default: '',
    about: 'File whose first line is the password at the relay host.',
    known: { postfix: 'smtp_sasl_password_maps' },
  }),
  disableMimeOutputConversion: new Setting(boolean, {
    default: false,
    about:
      'Whether text with 8-bit bytes goes as it is to hosts without 8BITMIME, instead of as quoted-printable, which breaks signatures.',
    known: { postfix: 'disable_mime_output_conversion' },
  }),
  privateDestinationNetworks: new Setting(networkList, {
    reload: true,
    default: [],
    about:
      "Networks that mail may be delivered to although they are private, loopback or this machine's own; elsewhere delivery to a domain whose MX or address leads there fails with 5.4.4 or 5.4.6. What `relayhost` or a table names, and not a recipient, may be anywhere.",
    known: { postfix: 'inet_interfaces, proxy_interfaces' },
  }),
  smtpLineLengthLimit: new Setting(integer({ min: 0, max: 1_000_000 }), {
    default: 998,
    about:
      'Bytes of a line that is sent to another mail server, its end not counted (RFC 5321 §4.5.3.1.6); longer ones are folded with a line end and a space, 0 means never. In a signed message nothing is folded: from a login it is refused, else it is sent as it came.',
    known: { postfix: 'smtp_line_length_limit' },
  }),
  defaultDestinationRecipientLimit: new Setting(integer({ min: 1, max: 1_000 }), {
    reload: true,
    default: 50,
    about: 'Recipients in one delivery to another mail server.',
    known: { postfix: 'default_destination_recipient_limit' },
  }),
  virtualAliasRecursionLimit: new Setting(integer({ min: 1, max: 1_000 }), {
    reload: true,
    default: 100,
    about: 'How many aliases may lead to one another.',
    known: { postfix: 'virtual_alias_recursion_limit' },
  }),
  virtualAliasExpansionLimit: new Setting(integer({ min: 1, max: 100_000 }), {
    reload: true,
    default: 1_000,
    about: 'Addresses one recipient may expand to.',
    known: { postfix: 'virtual_alias_expansion_limit' },
  }),
} satisfies SettingGroup
