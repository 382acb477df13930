// ^TO_, ^TO, ^FROM_DAEMON and ^FROM_MAILER (procmailrc(5), MISCELLANEOUS). The first two are patterns like others; the latter two are
// tests of their own, since they look at the envelope too.

import { any, type Condition, stringsText, test } from './condition-text.ts'

const destinations = '(^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):'

export function withDestinations(pattern: string): string {
  return pattern
    .replaceAll('^TO_', `${destinations}(.*[^-a-zA-Z0-9_.])?)`)
    .replaceAll('^TO', `${destinations}(.*[^a-zA-Z])?)`)
}

/** Undefined: it is a pattern like others. */
export function daemonTest(pattern: string): Condition | undefined {
  if (pattern === '^FROM_DAEMON') return daemon
  return pattern === '^FROM_MAILER' ? mailer : undefined
}

const senders = ['from', 'sender', 'resent-from', 'resent-sender', 'x-envelope-from']

const behind = '(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\\(.*\\).*)?)?$'

/** Of the people that are none. */
function sentBy(names: string): Condition {
  const pattern = `^([^>]*[^(.%@a-z0-9])?(${names})${behind}`
  const keys = stringsText([pattern])
  return any([
    test(`header :regex ${stringsText(senders)} ${keys}`, ['regex']),
    // A bounce has no sender; a mailbox file calls it MAILER-DAEMON.
    test('envelope :is "from" ""', ['envelope']),
    test(`envelope :regex "from" ${keys}`, ['envelope', 'regex']),
  ])
}

const daemon = any([
  test('exists "mailing-list"', []),
  test('header :contains "precedence" ["junk", "bulk", "list"]', []),
  test('header :matches "to" "multiple recipients of *"', []),
  sentBy(
    [
      ...[
        'post(ma?(st(e?r)?|n)|office)',
        '(send)?mail(er)?',
        'daemon',
        'm(mdf|ajordomo)',
        'n?uucp',
      ],
      ...['list(serv|proc)', 'netserv', 'o(wner|ps)', 'r(e(quest|sponse)|oot)'],
      ...['b(ounce|bs\\.smtp)', 'echo', 'mirror', 's(erv(ices?|er)|mtp(error)?|ystem)'],
      'a(dmin(istrator)?|mmgr|utoanswer)',
    ].join('|'),
  ),
])

const mailer = sentBy(
  [
    ...['post(ma(st(er)?|n)|office)', '(send)?mail(er)?', 'daemon', 'mmdf', 'n?uucp', 'ops'],
    ...['r(esponse|oot)', '(bbs\\.)?smtp(error)?', 's(erv(ices?|er)|ystem)'],
    'a(dmin(istrator)?|mmgr)',
  ].join('|'),
)

/** Whom nobody answers anyway (RFC 5230 §4.6). */
export const isDaemonTest = (condition: Condition): boolean =>
  condition === daemon || condition === mailer
