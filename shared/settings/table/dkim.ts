// Signatures on what leaves (DKIM, RFC 6376), and seals on what is forwarded (ARC, RFC 8617).

import { boolean, duration, fieldNames } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const DAY = 86_400_000

export const dkimSettings = {
  dkimSigning: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      "Whether mail of logins, of `mynetworks` and our own notices is signed for its author's domain as it leaves (DKIM), with every key of that domain, or of one above it, whose record was seen in the DNS. `postwolke domain dns` prints the records.",
  }),
  dkimOversignHeaders: new Setting(fieldNames, {
    reload: true,
    default: ['from', 'reply-to', 'subject', 'to', 'cc'],
    about:
      'Header fields that are signed once more than they are there, so that nobody adds another one on the way. From is always among them.',
    known: { postfix: 'OversignHeaders of OpenDKIM' },
  }),
  dkimSignHeaders: new Setting(fieldNames, {
    reload: true,
    default: [
      'sender',
      'date',
      'message-id',
      'in-reply-to',
      'references',
      'mime-version',
      'content-type',
      'content-transfer-encoding',
      'content-disposition',
      'content-id',
      'content-description',
      'resent-date',
      'resent-from',
      'resent-sender',
      'resent-to',
      'resent-cc',
      'resent-message-id',
      'list-id',
      'list-help',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'list-subscribe',
      'list-post',
      'list-owner',
      'list-archive',
    ],
    about:
      'Header fields that are signed where they are there; of those that a message may have but once, a second one breaks the signature.',
    known: { postfix: 'SignHeaders of OpenDKIM' },
  }),
  dkimKeyRotation: new Setting(duration({ min: 0, max: 3_650 * DAY }), {
    reload: true,
    default: 180 * DAY,
    about:
      'How old a signing key gets before the next one is made. That one signs when its record was seen in the DNS; until then the old one goes on. 0: keys are changed by `postwolke dkim rotate` alone.',
  }),
  arcSealing: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether mail of strangers that an alias or a forward takes out again is sealed (ARC) with what `mailAuthentication` found when it came, so that who gets it can tell a good author whose signature we or a list broke. It takes a key of the domain it was written to, or of the one of `hostname`.',
  }),
} satisfies SettingGroup
