// What is asked of clients, senders, recipients and messages: restriction lists, in Postfix's words.

import { boolean, choice, duration } from '../kinds.ts'
import { type Preset, presetLists, presets } from '../restrictions/presets.ts'
import { LIST_CHARACTERS_MAX } from '../restrictions/split-list.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const DAY = 24 * 3_600_000

/** Its words are judged together with the classes (shared/settings/restrictions/list-faults.ts). */
const restrictions: Kind<string> = {
  name: 'restrictions',
  allowed: 'restrictions and their arguments, separated by commas or spaces, or nothing',
  list: true,
  parse: (text) =>
    text.length > LIST_CHARACTERS_MAX ? undefined : text.replace(/[\s\x00-\x1f]+/g, ' ').trim(),
  format: (value) => value,
}

const classes: Kind<string> = {
  ...restrictions,
  name: 'restriction classes',
  allowed: 'name={ restrictions }, more of them separated by commas or spaces, or nothing',
}

type ListName = keyof typeof presetLists

function listSetting(name: ListName, about: string, postfix: string) {
  const texts: { readonly [preset in Preset]: string } = presetLists[name]
  return new Setting(restrictions, {
    default: texts.modern,
    derivedBy: { setting: 'policyPreset', texts },
    about,
    reload: true,
    known: { postfix },
  })
}

const submission = (what: string, value: string, postfix: string) =>
  new Setting(restrictions, {
    default: value,
    about: `The same for who sends through \`submission\` and \`submissions\`: ${what}.`,
    reload: true,
    known: { postfix: `${postfix} (-o of submission)` },
  })

export const restrictionSettings = {
  policyPreset: new Setting(choice(...presets), {
    default: 'modern',
    about:
      'Where the lists below come from unless they are set: `modern`, what a careful administrator sets today (this machine itself is asked nothing that needs DNS); `isp`, what providers had with Postfix, policyd-weight and postgrey; `open`, nothing but who may relay.',
    reload: true,
  }),
  smtpdClientRestrictions: listSetting(
    'smtpdClientRestrictions',
    'What is asked of clients.',
    'smtpd_client_restrictions',
  ),
  smtpdHeloRestrictions: listSetting(
    'smtpdHeloRestrictions',
    'What is asked of HELO.',
    'smtpd_helo_restrictions',
  ),
  smtpdSenderRestrictions: listSetting(
    'smtpdSenderRestrictions',
    'What is asked of senders.',
    'smtpd_sender_restrictions',
  ),
  smtpdRelayRestrictions: listSetting(
    'smtpdRelayRestrictions',
    'Who may send through this server to elsewhere. It, or the next, must refuse strangers.',
    'smtpd_relay_restrictions',
  ),
  smtpdRecipientRestrictions: listSetting(
    'smtpdRecipientRestrictions',
    'What is asked of recipients.',
    'smtpd_recipient_restrictions',
  ),
  smtpdDataRestrictions: listSetting(
    'smtpdDataRestrictions',
    'What is asked when the recipients are known.',
    'smtpd_data_restrictions',
  ),
  smtpdEndOfDataRestrictions: listSetting(
    'smtpdEndOfDataRestrictions',
    'What is asked when the message has come.',
    'smtpd_end_of_data_restrictions',
  ),
  submissionClientRestrictions: submission(
    'clients',
    'permit_sasl_authenticated, reject',
    'smtpd_client_restrictions',
  ),
  submissionHeloRestrictions: submission('HELO', '', 'smtpd_helo_restrictions'),
  submissionSenderRestrictions: submission('senders', '', 'smtpd_sender_restrictions'),
  submissionRelayRestrictions: submission(
    'who may send elsewhere',
    'permit_sasl_authenticated, reject',
    'smtpd_relay_restrictions',
  ),
  submissionRecipientRestrictions: submission('recipients', '', 'smtpd_recipient_restrictions'),
  submissionDataRestrictions: submission(
    'all recipients',
    'reject_unauth_pipelining',
    'smtpd_data_restrictions',
  ),
  submissionEndOfDataRestrictions: submission('messages', '', 'smtpd_end_of_data_restrictions'),
  smtpdRestrictionClasses: new Setting(classes, {
    default: '',
    about: 'Names for lists, which may stand in the lists above and in the results of tables.',
    reload: true,
    known: { postfix: 'smtpd_restriction_classes' },
  }),
  smtpdDelayReject: new Setting(boolean, {
    default: true,
    about:
      'Whether clients, HELO and senders are refused only when the recipient is known, so that the log says whose mail it was.',
    known: { postfix: 'smtpd_delay_reject' },
  }),
  smtpdRejectUnlistedRecipient: new Setting(boolean, {
    default: true,
    about:
      'Whether recipients here that do not exist are refused, whatever the lists say. Without it their mail is taken and waits for an operator.',
    reload: true,
    known: { postfix: 'smtpd_reject_unlisted_recipient' },
  }),
  smtpdRejectUnlistedSender: new Setting(boolean, {
    default: false,
    about: 'Whether senders of domains here that do not exist are refused, whatever the lists say.',
    reload: true,
    known: { postfix: 'smtpd_reject_unlisted_sender' },
  }),
  policyRecordLifetime: new Setting(duration({ min: 0, max: 90 * DAY }), {
    default: 7 * DAY,
    about:
      'How long it is kept what each restriction said and what the DNS answered, for `policy explain` and `policy replay`; 0 for not at all. Mail of our own clients and logins that nobody had anything against is not recorded; of other mail each recipient and each message is a record of half a KB or so, and on AWS a write: about $1.40 for a million messages.',
    reload: true,
  }),
  softBounce: new Setting(boolean, {
    default: false,
    about:
      'Whether every refusal for good (5xx) is told as one to come back (4xx), while a new configuration is tried.',
    known: { postfix: 'soft_bounce' },
  }),
} satisfies SettingGroup
