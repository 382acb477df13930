// What other hosts say at each stage, and what becomes of the mail: beside Debian's Postfix before the same scripted hosts. Kind, status and
// words are the same; where ours differ on purpose `differently` says so.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import type { Timeouts } from '#services/delivery/remote/timeouts.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { eventually } from '#test/support/accounts.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { textMessage } from '#test/support/outbound-text.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { dialling, patientTimeouts, remoteWay } from '#test/support/remote-way.ts'
import { freePort } from '#test/support/server-process.ts'
import { openScriptedHost, type ScriptedAnswer } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

type Case = {
  /** Default: a host without extensions. */
  readonly offers?: readonly string[]
  readonly to?: readonly string[]
  /** By the beginning of a command; '' is the connection, `.` the end of the message. */
  readonly says: { readonly [command: string]: ScriptedAnswer }
}

const PIPELINING = ['PIPELINING']
const silence = { raw: '' } as const
const no = '550 5.7.1 no'
const later = '451 4.3.0 later'

const unsure = 'sending end of data -- message may be sent more than once'
const noReply = (doing: string) =>
  `deferred 4.5.0 what is no reply from 127.0.0.1[127.0.0.1] while ${doing}`
const timedOut = `deferred 4.4.2 conversation with 127.0.0.1[127.0.0.1] timed out while ${unsure}`

/** Where Postfix takes what is said next for the answer, the answer to another question: mail is returned, or counts as sent. */
const differently: { readonly [name: string]: string } = {
  'MAIL no code, with PIPELINING': noReply('sending MAIL FROM'),
  'RCPT no code, with PIPELINING': noReply('sending RCPT TO'),
  'end of data silence, with PIPELINING': timedOut,
  'end of data no code, with PIPELINING': timedOut,
}

const cases: { readonly [name: string]: Case } = {
  'takes it': { says: {} },
  'takes it, in many lines': { says: { '.': '250-2.0.0 one\r\n250 2.0.0 two' } },
  'takes it, byte by byte': {
    says: {
      '': { raw: '220 hi\r\n', isBytewise: true },
      '.': { raw: '250 2.0.0 ok\r\n', isBytewise: true },
    },
  },

  'greeting 421': { says: { '': '421 4.3.2 busy' } },
  'greeting 450': { says: { '': '450 not now' } },
  'greeting 554': { says: { '': '554 5.7.1 go away' } },
  'greeting 554 without a status': { says: { '': '554 go away' } },
  'greeting 250': { says: { '': '250 hello' } },
  'greeting 354': { says: { '': '354 hello' } },
  'greeting without a code': { says: { '': 'hello' } },
  'greeting in two lines that differ': { says: { '': '220-hello\r\n554 go away' } },
  'greeting EOF': { says: { '': null } },
  'greeting silence': { says: { '': silence } },
  'greeting half': { says: { '': { raw: '220-hi\r\n220' } } },

  'EHLO 421': { says: { EHLO: '421 4.3.2 busy' } },
  'EHLO 451, HELO taken': { says: { EHLO: later } },
  'EHLO 500, HELO taken': { says: { EHLO: '500 what' } },
  'EHLO 550, HELO 550': { says: { EHLO: '550 5.7.0 bad name', HELO: '550 5.7.0 bad name' } },
  'EHLO 550, HELO 451': { says: { EHLO: no, HELO: later } },
  'EHLO 350, HELO 350': { says: { EHLO: '350 go on', HELO: '350 go on' } },
  'EHLO EOF': { says: { EHLO: null } },
  'EHLO silence': { says: { EHLO: silence } },
  'EHLO without a code': { says: { EHLO: 'hello', HELO: 'hello' } },

  ...atBoth('MAIL', 'MAIL', {
    '421': '421 4.3.2 busy',
    '451': later,
    '451 without a status': '451 later',
    '550': no,
    '550 without a status': '550 no',
    '550 with a status of another class': '550 4.2.2 full',
    '452 with a status of another class': '452 5.2.2 full',
    '500': '500 what',
    '555': '555 5.5.4 parameters',
    '350': '350 go on',
    EOF: null,
    silence,
    'no code': 'what?',
    'two lines': '550-5.7.1 no\r\n550 5.7.1 never',
    'two lines that differ': '250-fine\r\n550 5.7.1 no',
  }),
  ...atBoth('RCPT', 'RCPT', {
    '421': '421 4.3.2 busy',
    '450': '450 4.2.0 greylisted',
    '550': '550 5.1.1 unknown',
    '552': '552 full',
    '503': '503 order',
    '251': '251 forwarded',
    '350': '350 go on',
    EOF: null,
    silence,
    'no code': '2fine',
  }),
  ...atBoth('DATA', 'DATA', {
    '421': '421 4.3.2 busy',
    '451': later,
    '550': no,
    '554': '554 5.5.1 no valid recipients',
    '250': '250 ok',
    EOF: null,
    silence,
    'no code': 'what?',
  }),
  ...atBoth('end of data', '.', {
    '421': '421 4.3.2 busy',
    '451': later,
    '452': '452 4.3.1 disk full',
    '550': no,
    '552': '552 5.3.4 too big',
    '354': '354 more',
    EOF: null,
    silence,
    'no code': 'ok',
    'without words': '250',
    'hangs up behind it': { raw: '250 2.0.0 ok\r\n', ending: 'close' },
    'closes its end behind it': { raw: '250 2.0.0 ok\r\n', ending: 'half-close' },
  }),
  ...atBoth(
    'some recipients',
    'RCPT TO:<b',
    { refused: '550 5.1.1 b', deferred: '450 4.2.0 b', '421': '421 4.3.2 bye' },
    ['a', 'b', 'c'],
  ),
  'message too large': { offers: ['SIZE 10'], says: {} },
  'SIZE 0': { offers: ['SIZE 0'], says: {} },
  'a long reply': {
    says: { RCPT: `${'550-5.1.1 no\r\n'.repeat(20)}550 5.1.1 never` },
  },
  'control characters': { says: { RCPT: '550 5.1.1 \x07no\x1b[31m' } },
  'an early refusal of the message': {
    says: { DATA: { raw: '354 go on\r\n552 5.3.4 too big\r\n', ending: 'half-close' } },
  },
}

function atBoth(
  stage: string,
  command: string,
  replies: { readonly [name: string]: ScriptedAnswer },
  to?: readonly string[],
): { readonly [name: string]: Case } {
  return Object.fromEntries(
    Object.entries(replies).flatMap(([name, reply]) =>
      [undefined, PIPELINING].map((offers): [string, Case] => [
        `${stage} ${name}${offers === undefined ? '' : ', with PIPELINING'}`,
        {
          says: { [command]: reply },
          ...(offers === undefined ? {} : { offers }),
          ...(to === undefined ? {} : { to }),
        },
      ]),
    ),
  )
}

function hostFor({ offers = [], says }: Case) {
  return openScriptedHost((line) => {
    const found = Object.entries(says).find(([command]) =>
      command === '' || command === '.' ? line === command : line.startsWith(command),
    )
    if (found !== undefined) return found[1]
    if (line === '') return '220 host.test'
    if (line.startsWith('EHLO'))
      return ['host.test', ...offers]
        .map((word, i) => `250${i === offers.length ? ' ' : '-'}${word}`)
        .join('\r\n')
    if (line === 'DATA') return '354 go on'
    return '250 2.0.0 fine'
  })
}

/** Of hosts that do not answer. */
const hastyTimeouts: Timeouts = {
  ...patientTimeouts,
  heloMs: 1_500,
  mailMs: 1_500,
  rcptMs: 1_500,
  dataInitMs: 1_500,
  dataDoneMs: 1_500,
}

describe.skipIf(!hasPostfix())(
  'what a host says is taken as Postfix takes it',
  { timeout: 60_000 },
  () => {
    const names = Object.keys(cases)
    const resources = new AsyncDisposableStack()
    const postfixes = new Map<string, string>()

    beforeAll(async () => {
      const { path } = resources.use(await temporaryFolder())
      const port = await freePort()
      const ports: number[] = []
      for (const name of names) {
        const one = cases[name]
        if (one !== undefined) ports.push(resources.use(await hostFor(one)).port)
      }
      const routes = ports.map((to, i) => `{ case${i}.test = smtp:[127.0.0.1]:${to} }`)
      const patience = [
        'connect',
        'helo',
        'mail',
        'rcpt',
        'data_init',
        'data_xfer',
        'data_done',
        'quit',
      ]
      resources.use(
        await startPostfix(path, [{ port, settings: {} }], {
          programs: [
            'smtp unix - - n - 200 smtp',
            'retry unix - - n - - error',
            'error unix - - n - - error',
            'scache unix - - n - 1 scache',
            'trace unix - - n - 0 bounce',
          ],
          settings: {
            myhostname: 'mail.here.test',
            mynetworks: '127.0.0.1',
            smtpd_relay_restrictions: 'permit_mynetworks, reject',
            default_transport: 'smtp',
            transport_maps: `inline:{ ${routes.join(', ')}, { here.test = discard: } }`,
            default_process_limit: '200',
            smtp_tls_security_level: 'none',
            smtp_connection_cache_on_demand: 'no',
            ...Object.fromEntries(patience.map((stage) => [`smtp_${stage}_timeout`, '5s'])),
          },
        }),
      )
      for (const [i, name] of names.entries()) {
        const to = (cases[name]?.to ?? ['x']).map((local) => `${local}@case${i}.test`)
        await using client = await SmtpClient.open(port)
        await client.hello()
        await client.envelope('bob@here.test', to)
        expect((await client.data(MESSAGE)).code).toBe(250)
      }
      await eventually('Postfix is done with all of them', async () => {
        const log = await readFile(join(path, 'log'), 'utf8')
        for (const [, local, i, dsn, status, words] of log.matchAll(
          /to=<([^@>]+)@case(\d+)\.test>,.* dsn=([\d.]+), status=(\w+) \((.*)\)$/gm,
        )) {
          postfixes.set(`${names[Number(i)]}: ${local}`, `${status} ${dsn} ${sizeless(words)}`)
        }
        const expected = names.flatMap((name) => cases[name]?.to ?? ['x']).length
        return postfixes.size === expected
      })
    }, 120_000)
    afterAll(() => resources.disposeAsync())

    // Each with a host of its own, and some only wait.
    it.concurrent.each(names)('%s', async (name) => {
      const one = cases[name]
      if (one === undefined) throw new Error(name)
      await using host = await hostFor(one)
      const zone = { 'there.test': { a: ['192.0.2.1'] } }
      const to = one.to ?? ['x']
      const expected = to.map((local) => differently[name] ?? postfixes.get(`${name}: ${local}`))
      const waits =
        Object.values(one.says).includes(silence) ||
        expected.some((words) => words?.includes(' timed out '))
      const timeouts = waits ? hastyTimeouts : patientTimeouts
      const transport = createSmtpTransport(
        remoteWay(createFakeResolver(zone), dialling({ '192.0.2.1': host }), { timeouts }),
      )
      const { results } = await transport.deliver({
        queueId: '01ARZ3NDEKTSV4RRFF',
        route: routeTo('there.test'),
        sender: 'bob@here.test',
        recipients: to.map((local) => ({
          address: `${local}@there.test`,
          notify: [],
          originalRecipient: null,
        })),
        dsnReturn: null,
        dsnEnvelopeId: null,
        requireTls: false,
        ageMs: 0,
        openMessage: async () => textMessage(MESSAGE),
      })
      expect(results.map(inPostfixsWords)).toEqual(expected)
    })
  },
)

const MESSAGE = 'From: bob@here.test\r\nTo: x@there.test\r\nSubject: hello\r\n\r\nHello.\r\n'

/** Postfix has put a Received field before it, which has as many bytes as its queue id. */
const sizeless = (words = '') => words.replace(/^message size \d+/, 'message size N')

function inPostfixsWords(result: DeliveryResult): string {
  const words = sizeless(result.reply).replaceAll('there.test[192.0.2.1]', '127.0.0.1[127.0.0.1]')
  if (result.kind === 'delivered') {
    const [, dsn = '2.0.0'] = /^2\d\d[ -](2\.\d+\.\d+)/.exec(words) ?? []
    return `sent ${dsn} ${words}`
  }
  const status = { deferred: 'deferred', failed: 'bounced' }[result.kind]
  return `${status} ${result.status} ${words}`
}
