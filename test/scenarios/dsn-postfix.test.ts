// The same mail given to Debian's Postfix and to us, with the same hosts behind: the same people are told, of the same recipients, with the
// same actions and statuses, and get the same of their message back.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { canReadReports, outcomes, readReport } from '#test/support/read-report.ts'
import { freePort } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const HOUR_MS = 3_600_000
/** Until Postfix is done with its last message, retries included. */
const POSTFIX_MS_MAX = 90_000

type Case = {
  readonly recipients: readonly (readonly [address: string, notify?: string, orcpt?: string])[]
  readonly sender?: ''
  readonly ret?: 'FULL' | 'HDRS'
  readonly bytes?: number
  readonly smtpUtf8?: boolean
}

const cases: { readonly [what: string]: Case } = {
  'one that is refused': { recipients: [['bad@far.test']] },
  'one that is refused, with its words for the recipient': {
    recipients: [['bad@far.test', 'FAILURE', 'rfc822;Bad@far.test']],
    ret: 'FULL',
  },
  'one that is refused, and the header wanted': { recipients: [['bad@far.test']], ret: 'HDRS' },
  'a large one that is refused': { recipients: [['bad@far.test']], bytes: 60_000 },
  'nobody to be told': { recipients: [['bad@far.test', 'NEVER']] },
  'delays alone wanted': { recipients: [['bad@far.test', 'DELAY']] },
  'successes alone wanted': { recipients: [['bad@far.test', 'SUCCESS']] },
  'some refused, some taken': {
    recipients: [
      ['bad@far.test', 'SUCCESS,FAILURE'],
      ['ok@far.test', 'SUCCESS,FAILURE'],
      ['ok2@far.test'],
      ['bad2@far.test'],
      ['bad3@far.test', 'NEVER'],
    ],
  },
  'taken by a host without DSN': { recipients: [['ok@far.test', 'SUCCESS']] },
  'taken by a host with DSN': { recipients: [['ok@dsn.test', 'SUCCESS']] },
  'refused by a host with DSN': { recipients: [['bad@dsn.test', 'SUCCESS,FAILURE']] },
  'an alias of two': { recipients: [['team@alias.test', 'SUCCESS,FAILURE']] },
  'an alias of two, successes alone wanted': { recipients: [['team@alias.test', 'SUCCESS']] },
  'the null sender': { recipients: [['bad@far.test']], sender: '' },
  'the null sender, successes wanted': { recipients: [['ok@far.test', 'SUCCESS']], sender: '' },
  'one that waits, and is given up': { recipients: [['later@far.test']] },
  'one that waits, failures alone wanted': { recipients: [['later@far.test', 'FAILURE']] },
  'an address with other letters': { recipients: [['bäd@far.test']], smtpUtf8: true },
}

/** Deliberately: RFC 3461 §5.2.7.1 has the wish go on to the one address behind an alias, of which Postfix says that it was expanded. */
const different: { readonly [what: string]: Case } = {
  'an alias of one': { recipients: [['one@alias.test', 'SUCCESS,FAILURE']] },
}

const all = { ...cases, ...different }
const names = Object.keys(all)
const senderOf = (i: number) => (all[names[i] ?? '']?.sender === '' ? '' : `ann${i}@origin.test`)
const aliases = { team: ['ok@far.test', 'bad@far.test'], one: ['ok@far.test'] }

/** By case, each as lines that can be compared. Two may overtake each other on their way. */
type Told = readonly (readonly string[])[][]

describe.skipIf(!hasPostfix() || !canReadReports())('notices, beside Postfix', () => {
  const stack = new AsyncDisposableStack()
  let postfix: Told
  let ours: Told

  beforeAll(async () => {
    const refusing = { rcpt: answerTo, options: { hideSMTPUTF8: false } }
    const plain = stack.use(
      await openSink({ ...refusing, options: { ...refusing.options, hideDSN: true } }),
    )
    const dsn = stack.use(await openSink(refusing))
    postfix = await tellByPostfix(plain, dsn)
    ours = await tellByUs(plain, dsn)
  }, 150_000)
  afterAll(() => stack.disposeAsync())

  it.each(Object.keys(cases))('of %s', (name) => {
    expect(ours[names.indexOf(name)]).toEqual(postfix[names.indexOf(name)])
  })

  it('of an alias of one, which is not the same', () => {
    const i = names.indexOf('an alias of one')
    expect(postfix[i]?.[0]?.[0]).toBe('rfc822; one@alias.test expanded 2.0.0')
    expect(ours[i]?.[0]?.[0]).toBe('rfc822; ok@far.test relayed 2.0.0')
  })

  it('of which there are some', () => {
    expect(postfix.flat().length).toBeGreaterThan(12)
  })

  async function tellByPostfix(plain: Sink, dsn: Sink): Promise<Told> {
    const before = plain.messages.length
    const folder = stack.use(await temporaryFolder())
    const port = await freePort()
    const maps = Object.entries(aliases).map(
      ([name, members]) => `{ ${name}@alias.test = ${members.join(' ')} }`,
    )
    stack.use(
      await startPostfix(folder.path, [{ port, settings: {} }], {
        settings: {
          mynetworks: '127.0.0.0/8',
          smtpd_relay_restrictions: 'permit_mynetworks, reject',
          virtual_mailbox_domains: '',
          virtual_alias_domains: 'alias.test',
          virtual_alias_maps: `inline:{ ${maps.join(', ')} }`,
          default_transport: 'smtp',
          transport_maps: `inline:{ { dsn.test = smtp:[127.0.0.1]:${dsn.port} }, { far.test = smtp:[127.0.0.1]:${plain.port} }, { origin.test = smtp:[127.0.0.1]:${plain.port} } }`,
          smtp_destination_recipient_limit: '50',
          smtputf8_enable: 'yes',
          delay_warning_time: '1s',
          minimal_backoff_time: '1s',
          maximal_backoff_time: '1s',
          // Whom a scan of the queue meets in the midst of an attempt, Postfix leaves alone for a minute.
          queue_run_delay: '7s',
          maximal_queue_lifetime: '8s',
          bounce_queue_lifetime: '8s',
        },
      }),
    )
    await using client = await SmtpClient.open(port)
    await client.hello()
    for (const [i, one] of Object.values(all).entries()) {
      const { ret, smtpUtf8, recipients } = one
      const mail = `${ret ? ` RET=${ret}` : ''}${smtpUtf8 ? ' SMTPUTF8' : ''}`
      expect(await client.command(`MAIL FROM:<${senderOf(i)}>${mail}`)).toMatchObject({ code: 250 })
      for (const [address, notify, orcpt] of recipients) {
        const wishes = `${notify ? ` NOTIFY=${notify}` : ''}${orcpt ? ` ORCPT=${orcpt.split(';')[0]};${encodeXtext(orcpt.split(';')[1] ?? '')}` : ''}`
        expect(await client.command(`RCPT TO:<${address}>${wishes}`)).toMatchObject({ code: 250 })
      }
      expect(await client.data(Buffer.from(textOf(one)))).toMatchObject({ code: 250 })
    }
    await untilEmpty(join(folder.path, 'log'))
    return await toldBy(plain, before)
  }

  async function tellByUs(plain: Sink, dsn: Sink): Promise<Told> {
    const before = plain.messages.length
    const clock = manualClock()
    const opened = await openEmbedded({ clock })
    stack.defer(() => opened.close())
    const to = (port: number) => `smtp:[127.0.0.1]:${port}`
    const pipeline: Pipeline = createPipeline(opened.store, clock, {
      tellsSenders: true,
      deliverRemote: (...given) => remote.deliver(...given),
      set: [
        `transportMaps=inline:{dsn.test=${to(dsn.port)}, far.test=${to(plain.port)}, origin.test=${to(plain.port)}}`,
        'smtpTlsSecurityLevel=none',
        'privateDestinationNetworks=127.0.0.0/8',
      ],
    })
    const remote = openRemoteDelivery(pipeline.backend, { relayhostAuth: null, tlsCa: undefined })
    stack.defer(() => remote.close())
    const domain = parseDomain('alias.test')
    if (domain !== undefined) await pipeline.backend.directory.domains.add(domain)
    for (const [name, members] of Object.entries(aliases)) {
      await pipeline.addAlias(`${name}@alias.test`, members)
    }
    for (const [i, one] of Object.values(all).entries()) {
      const envelope: Partial<SmtpEnvelope> = {
        sender: senderOf(i),
        recipients: one.recipients.map(([address, notify, orcpt = null]) => ({
          address,
          notify: (notify?.split(',') ?? []) as EnvelopeRecipient['notify'],
          originalRecipient: orcpt,
        })),
        dsnReturn: one.ret ?? null,
        smtpUtf8: one.smtpUtf8 === true,
      }
      // Byte string.
      const text = Buffer.from(textOf(one)).toString('latin1')
      await pipeline.accept(text, [], { envelope })
    }
    await pipeline.settle()
    for (const hours of [5, 5, 24 * 6]) {
      clock.advance(hours * HOUR_MS)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
    expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
    return await toldBy(plain, before)
  }
})

function answerTo(address: string): string | undefined {
  if (/^b[aä]d/.test(address)) return '550 5.1.1 No such user'
  return address.startsWith('later') ? '451 4.2.0 Come again' : undefined
}

function textOf({ bytes = 0, smtpUtf8 = false }: Case): string {
  const body = 'x'
    .repeat(60)
    .concat('\r\n')
    .repeat(Math.ceil(bytes / 62))
  return `From: ann@origin.test\r\nTo: all@far.test\r\nSubject: h${smtpUtf8 ? 'ä' : 'a'}llo\r\n\r\nbody\r\n${body}`
}

async function untilEmpty(logPath: string): Promise<void> {
  const endMs = Date.now() + POSTFIX_MS_MAX
  for (;;) {
    const log = await readFile(logPath, 'utf8')
    // A notice that nobody wants is begun, and given up without a word.
    const came = new Set(
      [...log.matchAll(/smtpd\[\d+\]: (\w+): client=|notification: (\w+)/g)].map(
        ([, taken, notice]) => taken ?? notice,
      ),
    )
    const gone = new Set([...log.matchAll(/qmgr\[\d+\]: (\w+): removed/g)].map(([, id]) => id))
    if (came.size > 0 && came.difference(gone).size === 0) return
    if (Date.now() > endMs)
      throw new Error(`Postfix is not done:\n${linesOf(log, came.difference(gone))}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function linesOf(log: string, ids: ReadonlySet<string | undefined>): string {
  const lines = log.split('\n')
  return lines.filter((line) => [...ids].some((id) => id && line.includes(id))).join('\n')
}

async function toldBy(sink: Sink, from: number): Promise<Told> {
  const told: string[][][] = names.map(() => [])
  for (const { envelope, bytes } of sink.messages.slice(from)) {
    if (envelope.mailFrom !== false && envelope.mailFrom.address !== '') continue
    const [, i] = /^ann(\d+)@origin\.test$/.exec(envelope.rcptTo[0]?.address ?? '') ?? []
    if (i === undefined) continue
    const report = await readReport(bytes.toString('latin1'))
    told[Number(i)]?.push([
      ...outcomes(report).map(comparable).toSorted(),
      report.statusType,
      report.returnedType ?? 'nothing',
      report.header.subject ?? '',
      report.header['auto-submitted'] ?? '',
    ])
  }
  return told.map((notices) =>
    notices.toSorted((one, other) => (String(one) < String(other) ? -1 : 1)),
  )
}

/** Deliberately: given up has a status of its own here (RFC 3463, 4.7), where Postfix repeats the last one. */
const comparable = (outcome: string) => outcome.replace(/ failed (?:5\.4\.7|4\.2\.0)$/, ' given up')
