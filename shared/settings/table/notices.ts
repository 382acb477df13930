// What senders and the postmaster are told of what became of mail.

import { mailAddress } from '../address-kinds.ts'
import { orderedChoices } from '../filter-kinds.ts'
import { boolean, bytes, duration, filePath } from '../kinds.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MEGABYTE = 1024 ** 2

const noticeRecipient = mailAddress
const POSTMASTER = 'postmaster of `hostname`'

/** What stands before the @ of an address. */
const localPart: Kind<string> = {
  name: 'name',
  allowed: 'the part of an address before the @, such as double-bounce',
  parse: (value) =>
    /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/.test(value) &&
    value.length <= 64
      ? value
      : undefined,
  format: (value) => value,
}

export const noticeSettings = {
  delayWarningTime: new Setting(duration({ min: 0, max: 100 * DAY }), {
    reload: true,
    default: 4 * HOUR,
    about:
      'How long a message waits until its sender is told that it is still tried, once for each recipient, at the end of an attempt; 0 for never.',
    known: { postfix: 'delay_warning_time' },
  }),
  confirmDelayCleared: new Setting(boolean, {
    reload: true,
    default: false,
    about: 'Whether a sender who was told of a delay is told when the message was delivered.',
    known: { postfix: 'confirm_delay_cleared' },
  }),
  bounceSizeLimit: new Setting(bytes({ min: 1_000, max: 10 * MEGABYTE }), {
    reload: true,
    default: 50_000,
    about:
      'Up to this size undelivered mail is returned whole, unless its sender asked for the header alone (RET=HDRS); of larger mail the header is returned.',
    known: { postfix: 'bounce_size_limit' },
  }),
  bounceTemplateFile: new Setting(filePath, {
    default: '',
    about:
      "Texts of your own for notices, in the format of Postfix's bounce(5): failure_template, delay_template, success_template, verify_template. What it has not is as without it; the words of other systems stand behind them. Read at the start.",
    known: { postfix: 'bounce_template_file' },
  }),
  noticeLanguages: new Setting(orderedChoices('en', 'de'), {
    reload: true,
    default: ['en'],
    about:
      'Languages of notices to senders whose mail does not tell theirs (Accept-Language, Content-Language), and to the postmaster; of several the text stands in each, and the subject in the first. None is English.',
  }),
  notifyClasses: new Setting(
    orderedChoices('bounce', '2bounce', 'delay', 'resource', 'software', 'protocol'),
    {
      reload: true,
      default: ['resource', 'software'],
      about:
        'What the postmaster is told of besides: bounce (mail that is returned, its header), 2bounce (mail that failed and cannot be returned, since it is a notice itself or its sender is not believed), delay (mail that waits), resource (no room, no memory), software (a mistake of this program or of its settings), protocol (another server that does not understand ours).',
      known: { postfix: 'notify_classes' },
    },
  ),
  bounceNoticeRecipient: new Setting(noticeRecipient, {
    reload: true,
    default: '',
    defaultText: POSTMASTER,
    about: 'Who gets what `notifyClasses` says of returned mail (bounce).',
    known: { postfix: 'bounce_notice_recipient' },
  }),
  '2bounceNoticeRecipient': new Setting(noticeRecipient, {
    reload: true,
    default: '',
    defaultText: POSTMASTER,
    about: 'Who gets mail that failed and cannot be returned (2bounce).',
    known: { postfix: '2bounce_notice_recipient' },
  }),
  delayNoticeRecipient: new Setting(noticeRecipient, {
    reload: true,
    default: '',
    defaultText: POSTMASTER,
    about: 'Who gets what `notifyClasses` says of mail that waits (delay).',
    known: { postfix: 'delay_notice_recipient' },
  }),
  errorNoticeRecipient: new Setting(noticeRecipient, {
    reload: true,
    default: '',
    defaultText: POSTMASTER,
    about: 'Who gets what `notifyClasses` says of problems (resource, software, protocol).',
    known: { postfix: 'error_notice_recipient' },
  }),
  doubleBounceSender: new Setting(localPart, {
    default: 'double-bounce',
    about:
      'Sender of what the postmaster is told, with `hostname` behind the @. What cannot be delivered of that is forgotten.',
    known: { postfix: 'double_bounce_sender' },
  }),
} satisfies SettingGroup
