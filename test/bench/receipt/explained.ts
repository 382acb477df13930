// Why what arrives here may differ from Postfix: one line each. The first that fits is the reason.

import type { Case } from './cases.ts'
import type { Difference } from './compare.ts'

type Reason = {
  readonly why: string
  readonly is: (difference: Difference, given: Case) => boolean
}

const at =
  (step: string, postfix: RegExp, ours: RegExp) =>
  (found: Difference): boolean =>
    found.at === step && postfix.test(found.postfix) && ours.test(found.ours)

const field = (...names: readonly string[]) => {
  const places = names.map((name) => `field ${name}`)
  return (found: Difference) => places.includes(found.at)
}

const saysDsn = ({ sender, recipients }: Case) =>
  [sender, ...recipients].some((text) => /(?:RET|NOTIFY|ORCPT)=/.test(text))
const isFromMynetworks = ({ from }: Case) => from === 'mynetworks'
const hasPercentOrBang = ({ recipients }: Case) =>
  recipients.some((text) => /[%!].*@cmp\.test>/.test(text))

const reasons: readonly Reason[] = [
  {
    why: 'DSN is not offered before there are notifications: 555, as for any unknown parameter (RFC 5321 4.1.1.11)',
    is: (found, given) => saysDsn(given) && /555/.test(found.ours),
  },
  {
    why: 'smtpdHeloRequired is on: no MAIL before HELO or EHLO (RFC 5321 4.1.4)',
    is: (found, { hello }) => /^(?:EHLO|HELO)$/.test(hello) && at('MAIL', /250/, /503/)(found),
  },
  {
    why: 'an address that is not ASCII needs SMTPUTF8 (RFC 6531 3.4)',
    is: (found, { sender }) => /[^\x00-\x7f]/.test(sender) && at('MAIL', /250/, /553/)(found),
  },
  {
    why: 'no domain, two of them, or half a bracket: nobody could be answered. Only our own clients may leave domains out',
    is: (found, { sender }) =>
      ['<a>', '<@far.example>', '<a@b@far.example>', 'a@far.example>'].includes(sender) &&
      at('MAIL', /250/, /501/)(found),
  },
  {
    why: 'a percent sign or an exclamation mark is part of a name here, and nobody has it; to Postfix it is a route',
    is: (found, given) => hasPercentOrBang(given) && at('RCPT', /454/, /5\d\d/)(found),
  },
  {
    why: 'relaying is refused for good; Postfix 3.7 says 454 by default, for the sake of mistakes in its settings',
    is: at('RCPT', /454/, /554/),
  },
  {
    why: 'a name or an address of this host means the users of its domain; here Postfix has mailboxes for domains only',
    is: (found, { recipients }) =>
      recipients.some((text) => /@(?:mx\.cmp\.test|\[127\.0\.0\.1\])>/.test(text)) &&
      (at('RCPT', /550/, /250/)(found) || at('arrived', /0/, /1/)(found)),
  },
  {
    why: 'a message comes into a folder once, by however many addresses of one account',
    is: (found, { group }) =>
      group === 'several recipients' &&
      (at('arrived', /2/, /1/)(found) || field('delivered-to', 'x-original-to')(found)),
  },
  {
    why: 'hopcountLimit is 100 (RFC 5321 6.3: at least 100); Postfix has 50',
    is: (found, { name }) => name === '51 Received' && at('DATA', /554/, /250/)(found),
  },
  {
    why: 'bare CR and LF are refused: they smuggle messages past other servers (RFC 5321 2.3.8); Postfix 3.7 takes them',
    is: (found, { name }) => /bare (?:CR|LF)/.test(name) && at('DATA', /250/, /550/)(found),
  },
  {
    why: 'domains are written in small letters, and without the dot at their end',
    is: (found, { recipients }) =>
      field('delivered-to', 'x-original-to')(found) &&
      (sameButForCase(found) || recipients.some((text) => text.endsWith('.>'))),
  },
  {
    why: 'the domain of the return path is written in small letters, and in its ASCII form',
    is: field('return-path'),
  },
  {
    why: 'the recipient as the client wrote it, quotes included',
    is: (found, { recipients }) =>
      field('x-original-to')(found) && recipients.some((text) => text.includes('"')),
  },
  {
    why: 'what is completed stands before what the sender wrote; with Postfix behind it',
    is: (found, given) => isFromMynetworks(given) && found.at === 'order of fields',
  },
  {
    why: 'From is completed with angle brackets',
    is: (found) => field('from')(found) && found.ours.replace(/[<>]/g, '') === found.postfix,
  },
  {
    why: 'addresses in header fields are not completed: what the sender wrote is not touched',
    is: (found, given) =>
      isFromMynetworks(given) &&
      field('from', 'to', 'cc', 'reply-to', 'apparently-to')(found) &&
      found.postfix.includes('@mx.cmp.test'),
  },
  {
    why: 'Resent fields are not completed: a mail client that resends writes them',
    is: field('resent-message-id', 'resent-date', 'resent-from'),
  },
  {
    why: 'NUL in a field stays, where Postfix cuts the field; both show as 0x80 in an IMAP literal, which may hold no NUL',
    is: (_, { name }) => name.startsWith('NUL in '),
  },
  {
    why: 'no field is cut; Postfix cuts at header_size_limit',
    is: (found, { name }) => name.includes('120,000 in folds') && found.at === 'field x-long',
  },
]

function sameButForCase({ postfix, ours }: Difference): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll('."', '"')
  return plain(postfix) === plain(ours)
}

export function explanation(given: Case, difference: Difference): string | undefined {
  return reasons.find(({ is }) => is(difference, given))?.why
}
