// Mail from outside that is sent on to outside: it leaves with a sender of ours and every byte of its signature, its bounce comes back to
// whoever sent it, and nobody else gets anything sent by such an address. Real servers; the world outside is one sink.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type Ports, startServer } from '#test/support/server-process.ts'
import { dkimSigned, keyRecord } from '#test/support/signed-message.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { verifiedByMailauth } from '#test/support/verified-signatures.ts'

const resources = new AsyncDisposableStack()
let folder: string
let ports: Ports
let alice: Account
let sink: Sink

const origin = 'ann@origin.example'

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  sink = resources.use(await openSink())
  ports = await freePorts()
  const server = await startServer(folder, ports, [
    'hostname=mx.example.test',
    'defaultDomain=example.test',
    'policyPreset=open',
    'mailAuthentication=no',
    `relayhost=[127.0.0.1]:${sink.port}`,
    'smtpTlsSecurityLevel=may',
    'alwaysBcc=',
    'recipientBccMaps=inline:{ {bob@example.test = archive@store.example} }',
  ])
  resources.use(server)
  ;({ alice } = firstAccounts(server))
  await postwolke('account', 'forward', alice.address, '--to', 'alice@away.example', '--keep')
  await postwolke('alias', 'add', 'list@example.test', 'one@far.example', 'two@far.example')
})
afterAll(() => resources.disposeAsync())

async function postwolke(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await commandLine([...words, '--data', folder])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

let count = 0
function letter(subject: string, ...fields: readonly string[]): string {
  return [
    `From: Ann <${origin}>`,
    'To: somebody@example.test',
    `Subject: ${subject}`,
    'Date: Mon, 1 Jan 2024 10:00:00 +0100',
    `Message-ID: <${++count}@origin.example>`,
    ...fields,
    '',
    'Hello.',
    '',
  ].join('\r\n')
}

/** By a stranger, at port 25. The reply to the message, or the first refusal before it. */
async function send(
  from: string,
  to: string | readonly string[],
  message: string,
): Promise<string> {
  await using smtp = await SmtpClient.open(ports.smtp)
  await smtp.hello()
  const { code, text } = await smtp.envelope(from, to)
  return code >= 400 ? text : (await smtp.data(message)).text
}

/** Everything of a letter that came out for these. */
function left(subject: string, recipients = 1) {
  return eventually(`${subject} for ${recipients}`, () => {
    const all = sink.messages
      .filter(({ bytes }) => bytes.includes(`\r\nSubject: ${subject}\r\n`))
      .flatMap(({ envelope, bytes }) =>
        envelope.rcptTo.map(({ address }) => ({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: address,
          text: bytes.toString('latin1'),
        })),
      )
    return all.length >= recipients ? all : undefined
  })
}

const rewritten = /^SRS0=[\w-]{6}=[A-Z2-7]{2}=origin\.example=ann@example\.test$/

describe('mail that an account sends on', () => {
  it('leaves with a sender of ours, its signature whole, and tells that it was here', async () => {
    const signed = await dkimSigned(letter('on'), 'origin.example')
    expect(await send(origin, alice.address, signed)).toMatch(/^250/)
    const [first, ...more] = await left('on')
    expect(more).toEqual([])
    expect(first?.to).toBe('alice@away.example')
    expect(first?.from).toMatch(rewritten)
    expect(first?.text).toMatch(
      /^(?:ARC-[^\r]+\r\n(?:[\t ][^\r]*\r\n)*)*Delivered-To: alice@example\.test\r\nReceived: from client\.test/,
    )
    expect(first?.text.endsWith(signed)).toBe(true)
    const keys = { 's._domainkey.origin.example': keyRecord() }
    expect(await verifiedByMailauth(first?.text ?? '', keys)).toEqual([
      { domain: 'origin.example', selector: 's', result: 'pass' },
    ])
  })

  it('stays here too where that is wanted, as it came', async () => {
    const [copy] = await takeMail({ ports }, alice)
    expect(copy).toContain(`Return-Path: <${origin}>\r\n`)
    expect(copy).toContain('Delivered-To: alice@example.test\r\n')
  })

  it('is refused where it comes back, as it goes in circles', async () => {
    const [first] = await left('on')
    const reply = await send(first?.from ?? '', alice.address, first?.text ?? '')
    expect(reply).toMatch(/^554 5\.4\.6 .*mail forwarding loop for alice@example\.test/)
  })

  it('keeps the sender where that is one of ours', async () => {
    expect(await send('bob@example.test', alice.address, letter('own'))).toMatch(/^250/)
    const [first] = await left('own')
    expect(first?.from).toBe('bob@example.test')
    expect(await takeMail({ ports }, alice)).toHaveLength(1)
  })

  it('is shown with the account, and stays here when that is over', async () => {
    expect(await postwolke('account', 'show', alice.address)).toContain(
      'forward   is sent on to alice@away.example, with a copy here',
    )
    await postwolke('account', 'forward', alice.address, '--off')
    expect(await postwolke('account', 'show', alice.address)).not.toContain('forward')
    expect(await send(origin, alice.address, letter('off'))).toMatch(/^250/)
    expect((await takeMail({ ports }, alice))[0]).toContain('Subject: off\r\n')
    expect(sink.messages.filter(({ bytes }) => bytes.includes('Subject: off\r\n'))).toEqual([])
  })
})

describe('a bounce', () => {
  let bounceTo: string
  beforeAll(async () => {
    expect(await send(origin, 'list@example.test', letter('list'))).toMatch(/^250/)
    const all = await left('list', 2)
    expect(all.map(({ to }) => to).sort()).toEqual(['one@far.example', 'two@far.example'])
    bounceTo = all[0]?.from ?? ''
    expect(bounceTo).toMatch(rewritten)
    expect(all[1]?.from).toBe(bounceTo)
    // An alias adds no Delivered-To: it is no delivery.
    expect(all[0]?.text).not.toContain('Delivered-To')
  })

  it('goes to whoever sent the letter, with the null sender', async () => {
    expect(await send('', bounceTo, letter('bounced'))).toMatch(/^250/)
    const all = await left('bounced')
    expect(all.map(({ from, to }) => ({ from, to }))).toEqual([{ from: '', to: origin }])
  })

  it('does so too where a server on the way has lowered its address', async () => {
    expect(await send('', bounceTo.toLowerCase(), letter('lowered'))).toMatch(/^250/)
    expect((await left('lowered'))[0]?.to).toBe(origin)
  })

  it('does so after another secret has begun to sign', async () => {
    expect(await postwolke('srs', 'rotate')).toBe('another secret signs; 2 secrets in all\n')
    const shown = await postwolke('srs', 'show', bounceTo, '--set', 'defaultDomain=example.test')
    expect(shown).toBe(`${origin}\n`)
    expect(await send('', bounceTo, letter('rotated'))).toMatch(/^250/)
    expect((await left('rotated'))[0]?.to).toBe(origin)
  })

  it('may be an automatic reply, whose sender is rewritten in its turn', async () => {
    const reply = letter('away', 'Auto-Submitted: auto-replied')
    expect(await send('one@far.example', bounceTo, reply)).toMatch(/^250/)
    const [first] = await left('away')
    expect(first?.to).toBe(origin)
    expect(first?.from).toMatch(/^SRS0=[\w-]{6}=..=far\.example=one@example\.test$/)
  })

  it('may be no letter that somebody writes', async () => {
    const refused = /^550 5\.7\.1 .*takes bounces and automatic replies only/
    expect(await send('spammer@far.example', bounceTo, letter('spam'))).toMatch(refused)
    const said = letter('spam', 'Auto-Submitted: no')
    expect(await send('spammer@far.example', bounceTo, said)).toMatch(refused)
  })

  it('may not be for an address that we have not made', async () => {
    const [, hash = '', time = ''] = bounceTo.split('=')
    const other = hash.startsWith('a') ? `b${hash.slice(1)}` : `a${hash.slice(1)}`
    const attempts = [
      `SRS0=${hash}=${time}=origin.example=bob@example.test`,
      `SRS0=${hash}=${time}=victim.example=ann@example.test`,
      `SRS0=${hash}=AA=origin.example=ann@example.test`,
      `SRS0=${other}=${time}=origin.example=ann@example.test`,
      `SRS0=${hash.slice(0, 4)}=${time}=origin.example=ann@example.test`,
      `SRS0==${time}=origin.example=ann@example.test`,
      'SRS0=ann@example.test',
      `SRS1=${hash}=victim.example==aaaaaa=AA=far.example=x@example.test`,
      'SRS1=victim.example=x@example.test',
      '"SRS0=x"@example.test',
    ]
    for (const attempt of attempts) {
      expect(await send('', attempt, letter('forged')), attempt).toMatch(
        /^550 5\.7\.1 .*(?:no bounce address of ours|bounce address has expired)/,
      )
    }
  })

  it('opens no way for others: what names a way to elsewhere is refused', async () => {
    const ways = [
      'victim%far.example@example.test',
      'SRS0=victim%far.example@example.test',
      'far.example!victim@example.test',
      '"victim@far.example"@example.test',
      'victim@far.example',
      `${bounceTo.split('@')[0]}@far.example`,
      `${bounceTo.split('@')[0]}%far.example@example.test`,
    ]
    for (const way of ways) expect(await send('', way, letter('way')), way).toMatch(/^5\d\d /)
    expect(sink.messages.filter(({ bytes }) => bytes.includes('Subject: way\r\n'))).toEqual([])
  })
})

describe('a copy that goes outside', () => {
  it('has a sender of ours, as what is sent on has', async () => {
    expect(await send(origin, 'bob@example.test', letter('copy'))).toMatch(/^250/)
    const [first, ...more] = await left('copy')
    expect(more).toEqual([])
    expect(first?.to).toBe('archive@store.example')
    expect(first?.from).toMatch(rewritten)
  })
})
