// What restrictions answer in numbers: Postfix's parameters, under its names.

import { choice, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const refusal = integer({ min: 400, max: 599 })

const code = (postfix: string, value: number, about: string): Setting<number> =>
  new Setting(refusal, { reload: true, default: value, about, known: { postfix } })

const ACCEPTED = 250
const verification = {
  ...refusal,
  name: 'reply code',
  allowed: `${refusal.allowed}, or ${ACCEPTED}: take it all the same`,
  parse: (text: string) => (text === String(ACCEPTED) ? ACCEPTED : refusal.parse(text)),
}

const verificationCode = (postfix: string, about: string): Setting<number> =>
  new Setting(verification, { reload: true, default: 450, about, known: { postfix } })

export type TempfailAction = 'defer' | 'defer_if_permit'
const tempfail = choice('defer_if_permit', 'defer')

const tempfailAction = (postfix: string, about: string): Setting<TempfailAction> =>
  new Setting(tempfail, {
    reload: true,
    default: 'defer_if_permit',
    derived: '$rejectTempfailAction',
    about,
    known: { postfix },
  })

export const rejectCodeSettings = {
  rejectCode: code('reject_code', 554, 'The answer of `reject`.'),
  deferCode: code('defer_code', 450, 'The answer of `defer`.'),
  accessMapRejectCode: code(
    'access_map_reject_code',
    554,
    'The answer where an access table says REJECT.',
  ),
  accessMapDeferCode: code(
    'access_map_defer_code',
    450,
    'The answer where an access table says DEFER, DEFER_IF_PERMIT or DEFER_IF_REJECT.',
  ),
  mapsRblRejectCode: code(
    'maps_rbl_reject_code',
    554,
    'The answer to clients, names and addresses in a DNS list.',
  ),
  relayDomainsRejectCode: code(
    'relay_domains_reject_code',
    554,
    'The answer of `reject_unauth_destination`; that of `defer_unauth_destination` is less by 100.',
  ),
  multiRecipientBounceRejectCode: code(
    'multi_recipient_bounce_reject_code',
    550,
    'The answer of `reject_multi_recipient_bounce`.',
  ),
  nonFqdnRejectCode: code(
    'non_fqdn_reject_code',
    504,
    'The answer of `reject_non_fqdn_helo_hostname`, `reject_non_fqdn_sender` and `reject_non_fqdn_recipient`.',
  ),
  invalidHostnameRejectCode: code(
    'invalid_hostname_reject_code',
    501,
    'The answer of `reject_invalid_helo_hostname`.',
  ),
  plaintextRejectCode: code(
    'plaintext_reject_code',
    450,
    'The answer of `reject_plaintext_session`.',
  ),
  unknownLocalRecipientRejectCode: code(
    'unknown_local_recipient_reject_code',
    550,
    'The answer to addresses of our own domains that do not exist.',
  ),
  unknownRelayRecipientRejectCode: code(
    'unknown_relay_recipient_reject_code',
    550,
    'The answer to addresses of `relayDomains` that are not in `relayRecipientMaps`.',
  ),
  unknownClientRejectCode: code(
    'unknown_client_reject_code',
    450,
    'The answer of `reject_unknown_client_hostname` and `reject_unknown_reverse_client_hostname`; always 450 where DNS fails.',
  ),
  unknownHostnameRejectCode: code(
    'unknown_hostname_reject_code',
    450,
    'The answer of `reject_unknown_helo_hostname`; always 450 where DNS fails.',
  ),
  unknownAddressRejectCode: code(
    'unknown_address_reject_code',
    450,
    'The answer of `reject_unknown_sender_domain` and `reject_unknown_recipient_domain`; always 450 where DNS fails, and 550 or 556 to domains that say that they take no mail.',
  ),
  unverifiedSenderRejectCode: verificationCode(
    'unverified_sender_reject_code',
    'The answer of `reject_unverified_sender` to senders that their own server refuses.',
  ),
  unverifiedSenderDeferCode: verificationCode(
    'unverified_sender_defer_code',
    'The answer of `reject_unverified_sender` while it is not known whether the sender exists.',
  ),
  unverifiedRecipientRejectCode: verificationCode(
    'unverified_recipient_reject_code',
    'The answer of `reject_unverified_recipient` to recipients that their own server refuses.',
  ),
  unverifiedRecipientDeferCode: verificationCode(
    'unverified_recipient_defer_code',
    'The answer of `reject_unverified_recipient` while it is not known whether the recipient exists.',
  ),
  rejectTempfailAction: new Setting(tempfail, {
    reload: true,
    default: 'defer_if_permit',
    about:
      'What is done where a restriction cannot find out what it would refuse: put off at once (defer), or unless something else refuses (defer_if_permit).',
    known: { postfix: 'reject_tempfail_action' },
  }),
  unknownAddressTempfailAction: tempfailAction(
    'unknown_address_tempfail_action',
    'The same for `reject_unknown_sender_domain` and `reject_unknown_recipient_domain`.',
  ),
  unknownHeloHostnameTempfailAction: tempfailAction(
    'unknown_helo_hostname_tempfail_action',
    'The same for `reject_unknown_helo_hostname`.',
  ),
  unverifiedSenderTempfailAction: tempfailAction(
    'unverified_sender_tempfail_action',
    'The same for `reject_unverified_sender`.',
  ),
  unverifiedRecipientTempfailAction: tempfailAction(
    'unverified_recipient_tempfail_action',
    'The same for `reject_unverified_recipient`.',
  ),
} satisfies SettingGroup
