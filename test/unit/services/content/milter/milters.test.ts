import { afterEach, describe, expect, it } from 'vitest'
import type { MacroLists } from '#services/content/milter/macros.ts'
import type { MilterOptions } from '#services/content/milter/milter.ts'
import { createMilters } from '#services/content/milter/milters.ts'
import { actions, wishes } from '#services/content/milter/protocol.ts'
import type { ContentMessage, StepVerdict } from '#shared/contracts/content.ts'
import type { DialogueClient } from '#shared/contracts/milter.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { acceptOffer, answering, FakeMilter, packet, uint32 } from '#test/support/milter.ts'
import { MessageContent, noMacros } from '#test/support/milter-content.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const queueId = '4cQ1' as QueueId
const none = noMacros

const origin: Origin = {
  listener: 'smtp',
  remoteAddress: '192.0.2.7',
  remotePort: 4025,
  helo: 'client.example',
  tls: null,
  account: null,
}
const client: DialogueClient = { origin, mechanism: undefined, localAddress: '192.0.2.1' }
const mail = { queueId, sender: 'a@example.org', parameters: ['SIZE=10'] }
const rcpt = { queueId, address: 'b@example.net', parameters: [] }

const open: FakeMilter[] = []
afterEach(async () => {
  for (const milter of open.splice(0)) await milter[Symbol.asyncDispose]()
})

async function fake(...script: Parameters<typeof FakeMilter.start>): Promise<FakeMilter> {
  const milter = await FakeMilter.start(...script)
  open.push(milter)
  return milter
}

function optionsOf(port: number, given: Partial<MilterOptions> = {}): MilterOptions {
  return {
    name: `inet:127.0.0.1:${port}`,
    address: { kind: 'inet', host: '127.0.0.1', port },
    version: 6,
    connectTimeoutMs: 2_000,
    commandTimeoutMs: 2_000,
    contentTimeoutMs: 2_000,
    defaultAction: 'tempfail',
    macros: none,
    ...given,
  }
}

function milters(...given: readonly MilterOptions[]) {
  const log = new MemoryLog()
  const made = createMilters({
    milters: given,
    facts: { hostname: 'mx.example.net', daemonName: 'mx.example.net', version: 'Postwolke 1' },
    nameOf: async () => undefined,
    bodyBytesMax: 1_000_000,
    clock: systemClock,
    log,
  })
  return { ...made, lines: log.lines }
}

const text = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\n`
const message = text('From: a@example.org', 'Subject: one', ' two', '', 'Hello', '.', 'World')

/** A whole message as a listener and the content stage have it. */
async function send(
  { filters, steps }: ReturnType<typeof milters>,
  session = {},
  content = new MessageContent(message),
) {
  const dialogue = filters.open(session)
  const said = [
    (await dialogue.helo(client))?.reply,
    (await dialogue.mail(client, mail))?.reply,
    (await dialogue.recipient(rcpt))?.reply,
    (await dialogue.data())?.reply,
  ]
  const verdicts: (StepVerdict | undefined)[] = []
  for (const step of steps) {
    const judge = step.begin({ queueId, origin, envelope: content.message.envelope, session })
    const verdict = await judge?.judge(content.message)
    verdicts.push(verdict)
    if (verdict !== undefined && verdict.kind !== 'accept') break
  }
  return { dialogue, said, verdicts, verdict: verdicts.at(-1) }
}

const refused = (code: number, status: string, reply: string) => ({ code, status, text: reply })
const later = refused(451, '4.7.1', 'Service unavailable - try again later')

describe('a filter that wants all', () => {
  it('hears each command of the dialogue, then header, body and end', async () => {
    const milter = await fake()
    const { said, verdict, dialogue } = await send(milters(optionsOf(milter.port)))
    expect(said).toEqual([undefined, undefined, undefined, undefined])
    expect(verdict).toEqual({ kind: 'accept', edits: [], addRecipients: [], removeRecipients: [] })
    dialogue.abort()
    dialogue.close()
    await expect.poll(() => milter.open).toBe(0)
    expect(milter.told[0]).toBe('O 0x6 0x1ff 0x1fffff')
    expect(milter.heard('CHMRTLNEAQ')).toEqual([
      'C [192.0.2.7] 4 4025 192.0.2.7',
      'H client.example',
      'M <a@example.org>|SIZE=10',
      'R <b@example.net>',
      'T',
      'L From|a@example.org',
      'L Subject|one\n two',
      'N',
      'E',
      'Q',
    ])
    const body = milter.heard('B').map((one) => one.slice(2))
    expect(body.join('')).toBe('Hello\r\n.\r\nWorld\r\n')
  })

  it('hears the body in pieces of 65,535 bytes at most', async () => {
    const milter = await fake()
    const body = 'x'.repeat(70_000)
    const content = new MessageContent(`A: b\r\n\r\n${body}\r\n`, 1_000_000)
    await send(milters(optionsOf(milter.port)), {}, content)
    expect(
      milter.packets.filter(({ command }) => command === 'B').map(({ data }) => data.length),
    ).toEqual([65_535, 4_467])
  })

  it('is spoken to by way of a socket in the file system', async () => {
    await using folder = await temporaryFolder()
    const path = `${folder.path}/milter`
    const milter = await fake({}, path)
    const { verdict } = await send(milters(optionsOf(0, { address: { kind: 'unix', path } })))
    expect(verdict?.kind).toBe('accept')
    expect(milter.heard('E')).toHaveLength(1)
  })

  it('hears several messages in one session, and the connection once', async () => {
    const milter = await fake()
    const made = milters(optionsOf(milter.port))
    const session = {}
    const dialogue = made.filters.open(session)
    await dialogue.helo(client)
    for (let n = 0; n < 2; n++) {
      await dialogue.mail(client, mail)
      await dialogue.recipient(rcpt)
      await dialogue.data()
      const content = new MessageContent(message)
      const [step] = made.steps
      await step
        ?.begin({ queueId, origin, envelope: content.message.envelope, session })
        ?.judge(content.message)
      dialogue.abort()
    }
    expect(milter.connections).toBe(1)
    expect(milter.heard('CHMEA').map((one) => one[0])).toEqual(['C', 'H', 'M', 'E', 'M', 'E'])
  })

  it('is told when a message is given up', async () => {
    const milter = await fake()
    const dialogue = milters(optionsOf(milter.port)).filters.open({})
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    dialogue.abort()
    await dialogue.mail(client, mail)
    dialogue.abort()
    dialogue.abort()
    dialogue.close()
    await expect
      .poll(() => milter.heard('MAQ').map((one) => one[0]))
      .toEqual(['M', 'A', 'M', 'A', 'Q'])
  })
})

describe('negotiation', () => {
  it.each([
    [2, 'O 0x2 0x3f 0x7f', 'CHMRLNBE'],
    [3, 'O 0x3 0x3f 0x17f', 'CHMRLNBE'],
    [4, 'O 0x4 0x3f 0x3ff', 'CHMRTLNBE'],
  ] as const)('offers protocol %i what it knows', async (version, offered, letters) => {
    const milter = await fake()
    const content = new MessageContent(message, 1_000)
    await send(milters(optionsOf(milter.port, { version })), {}, content)
    expect(milter.told[0]).toBe(offered)
    const told = milter.heard('CHMRTLNBE').map((one) => one[0])
    expect([...new Set(told)].join('')).toBe(letters)
  })

  it('goes down to the version that the filter speaks', async () => {
    const milter = await fake({ offer: acceptOffer({ version: 3, actions: 0x3f }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict?.kind).toBe('accept')
    expect(milter.heard('T')).toEqual([])
  })

  it.each([
    ['a newer version', acceptOffer({ version: 7 })],
    ['an ancient one', acceptOffer({ version: 1 })],
    ['actions that were not offered', acceptOffer({ actions: 0x200 })],
    ['steps that were not offered', acceptOffer({ wishes: 0x2000_0000 })],
    ['too short an answer', () => Buffer.alloc(4)],
  ])('fails for %s', async (_, offer) => {
    const milter = await fake({ offer })
    const { said } = await send(milters(optionsOf(milter.port)))
    expect(said).toEqual([later, later, later, later])
  })

  it('leaves out what is not wanted', async () => {
    const { noConnect, noHelo, noMail, noRecipient, noBody, noHeaders, noEndOfHeader, noData } =
      wishes
    const all =
      noConnect | noHelo | noMail | noRecipient | noBody | noHeaders | noEndOfHeader | noData
    const milter = await fake({ offer: acceptOffer({ wishes: all }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict?.kind).toBe('accept')
    expect(milter.heard('CHMRTLNBE')).toEqual(['E'])
    // Their macros come all the same.
    expect(milter.heard('D').map((one) => one[2])).toEqual(['C', 'H', 'M', 'R', 'T', 'N', 'E'])
  })

  it('does not wait for answers that do not come', async () => {
    const { silentConnect, silentHelo, silentMail, silentRecipient, silentData } = wishes
    const { silentHeader, silentEndOfHeader, silentBody } = wishes
    const all =
      silentConnect |
      silentHelo |
      silentMail |
      silentRecipient |
      silentData |
      silentHeader |
      silentEndOfHeader |
      silentBody
    const answers = (command: string) => (command === 'E' ? undefined : [])
    const milter = await fake({ offer: acceptOffer({ wishes: all }), answers })
    const { said, verdict } = await send(milters(optionsOf(milter.port)))
    expect(said).toEqual([undefined, undefined, undefined, undefined])
    expect(verdict?.kind).toBe('accept')
  })

  it('keeps the blank behind the colon for who wants it', async () => {
    const milter = await fake({ offer: acceptOffer({ wishes: wishes.leadingSpace }) })
    await send(milters(optionsOf(milter.port)))
    expect(milter.heard('L')).toEqual(['L From| a@example.org', 'L Subject| one\n two'])
  })
})

describe('macros', () => {
  const macros: MacroLists = {
    ...none,
    connect: ['j', '{daemon_name}', '{daemon_addr}', 'v', '_'],
    helo: ['{tls_version}', '{cipher}', '{cipher_bits}', '{cert_subject}'],
    mail: ['i', '{auth_type}', '{auth_authen}', '{mail_addr}', '{mail_host}'],
    recipient: ['i', '{rcpt_addr}', '{rcpt_host}', '{rcpt_mailer}'],
    data: ['i'],
    endOfMessage: ['i', '{mail_addr}'],
    endOfHeader: ['i'],
  }

  it('come before each event, those that have a value', async () => {
    const milter = await fake()
    await send(milters(optionsOf(milter.port, { macros })))
    expect(milter.heard('D')).toEqual([
      'D Cj|mx.example.net|{daemon_name}|mx.example.net|{daemon_addr}|192.0.2.1|v|Postwolke 1|_|unknown [192.0.2.7]',
      'D H',
      'D Mi|4cQ1|{mail_addr}|a@example.org|{mail_host}|example.org',
      'D Ri|4cQ1|{rcpt_addr}|b@example.net|{rcpt_host}|example.net|{rcpt_mailer}|smtp',
      'D Ti|4cQ1',
      'D Ni|4cQ1',
      'D Ei|4cQ1|{mail_addr}|a@example.org',
    ])
  })

  it('tell of TLS and of the login', async () => {
    const milter = await fake()
    const dialogue = milters(optionsOf(milter.port, { macros })).filters.open({})
    const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
    const account = { id: 'a1', login: 'alice@example.net' }
    await dialogue.helo({ ...client, origin: { ...origin, tls } })
    await dialogue.mail(
      { ...client, origin: { ...origin, tls, account }, mechanism: 'PLAIN' },
      mail,
    )
    const told = milter.heard('D')
    expect(told[1]).toBe(
      'D H{tls_version}|TLSv1.3|{cipher}|TLS_AES_256_GCM_SHA384|{cipher_bits}|256',
    )
    expect(told[2]).toContain('{auth_type}|PLAIN|{auth_authen}|alice@example.net')
  })

  it('are those that the filter names, where it names any', async () => {
    const named = Buffer.concat([uint32(2), Buffer.from('{mail_host}, i\0')])
    const milter = await fake({ offer: acceptOffer({ macros: [named] }) })
    await send(milters(optionsOf(milter.port, { macros })))
    expect(milter.heard('D')[2]).toBe('D M{mail_host}|example.org|i|4cQ1')
  })
})

describe('what a filter answers in the dialogue', () => {
  const replies = {
    reject: [packet('r'), refused(550, '5.7.1', 'Command rejected')],
    tempfail: [packet('t'), later],
    shutdown: [packet('4'), refused(421, '4.7.0', 'Server closing connection')],
    'its own words': [packet('y', '554 5.7.9 100%% no'), refused(554, '5.7.9', '100% no')],
    'words of many lines': [
      packet('y', '450-4.2.0 a\r\n450 4.2.0 b'),
      refused(450, '4.2.0', 'a b'),
    ],
    'words without a status': [packet('y', '550 no'), refused(550, '5.7.1', 'no')],
    'words of the wrong class': [packet('y', '550 4.2.0 no'), refused(550, '5.7.1', 'no')],
    'words that are no refusal': [packet('y', '250 fine'), later],
    'what is no answer': [packet('h', 'X', 'y'), later],
    failure: [packet('f'), later],
  } as const
  const names = Object.keys(replies) as (keyof typeof replies)[]

  it.each(names)('to RCPT: %s', async (name) => {
    const [answer, reply] = replies[name]
    const milter = await fake({ answers: answering({ R: answer }) })
    const { said } = await send(milters(optionsOf(milter.port)))
    expect(said[2]).toEqual(reply)
  })

  it('refuses a recipient and hears of the next', async () => {
    const milter = await fake({
      answers: (command, data) =>
        command === 'R' && data.includes('bad@') ? [packet('r')] : undefined,
    })
    const dialogue = milters(optionsOf(milter.port)).filters.open({})
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    expect(await dialogue.recipient({ ...rcpt, address: 'bad@example.net' })).toMatchObject({
      reply: { code: 550 },
    })
    expect(await dialogue.recipient(rcpt)).toBeUndefined()
  })

  it('refuses MAIL, and hears of the next', async () => {
    const milter = await fake({ answers: answering({ M: packet('r') }) })
    const dialogue = milters(optionsOf(milter.port)).filters.open({})
    await dialogue.helo(client)
    expect(await dialogue.mail(client, mail)).toMatchObject({ reply: { code: 550 } })
    expect(await dialogue.mail(client, mail)).toMatchObject({ reply: { code: 550 } })
    expect(
      milter
        .heard('MA')
        .map((one) => one[0])
        .slice(0, 2),
    ).toEqual(['M', 'A'])
  })

  it.each(['C', 'H'])('refuses the client for %s, and is left', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('r') }) })
    const { said } = await send(milters(optionsOf(milter.port)))
    expect(said.map((reply) => reply?.code)).toEqual([550, 550, 550, 550])
    await expect.poll(() => milter.open).toBe(0)
  })

  it.each(['C', 'H'])('accepts the client for %s, and is left', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('a') }) })
    const { said, verdict } = await send(milters(optionsOf(milter.port)))
    expect(said).toEqual([undefined, undefined, undefined, undefined])
    expect(verdict).toEqual({ kind: 'accept' })
    expect(milter.heard('ME')).toEqual([])
  })

  it('cannot discard a client', async () => {
    const milter = await fake({ answers: answering({ C: packet('d'), H: packet('d') }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict?.kind).toBe('accept')
    expect(milter.heard('E')).toHaveLength(1)
  })

  it.each(['M', 'R', 'T'])('accepts a message for %s and hears no more of it', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('a') }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toEqual({ kind: 'accept' })
    expect(milter.heard('LE')).toEqual([])
  })

  it.each(['M', 'R', 'T'])('discards a message for %s', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('d') }) })
    const { said, verdict } = await send(milters(optionsOf(milter.port)))
    expect(said).toEqual([undefined, undefined, undefined, undefined])
    expect(verdict?.kind).toBe('discard')
  })

  it('hears of refused recipients only where it asks for that', async () => {
    const refusal = { code: 550, status: '5.1.1', text: 'No such user' } as const
    const macros = { ...none, recipient: ['{rcpt_mailer}', '{rcpt_host}', '{rcpt_addr}'] }
    const deaf = await fake()
    const curious = await fake({
      offer: acceptOffer({ wishes: wishes.rejectedRecipients }),
      answers: answering({ R: packet('r') }),
    })
    const made = milters(optionsOf(deaf.port, { macros }), optionsOf(curious.port, { macros }))
    const dialogue = made.filters.open({})
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    expect(await dialogue.recipient({ ...rcpt, refusal })).toBeUndefined()
    expect(deaf.heard('R')).toEqual([])
    expect(curious.heard('R')).toEqual(['R <b@example.net>'])
    expect(curious.heard('D')).toContain(
      'D R{rcpt_mailer}|error|{rcpt_host}|5.1.1|{rcpt_addr}|550 5.1.1 No such user',
    )
  })
})

describe('what a filter answers to the message', () => {
  it.each(['L', 'N', 'B', 'E'])('rejects it for %s', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('y', '554 5.7.0 no') }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toEqual({ kind: 'reject', reply: refused(554, '5.7.0', 'no') })
  })

  it.each(['L', 'N', 'B', 'E'])('discards it for %s', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('d') }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toEqual({ kind: 'discard' })
  })

  it.each(['L', 'N', 'B'])('accepts it for %s and hears no more of it', async (command) => {
    const milter = await fake({ answers: answering({ [command]: packet('a') }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toEqual({ kind: 'accept' })
    expect(milter.heard('E')).toEqual([])
    await expect.poll(() => milter.heard('A')).toEqual(['A'])
  })

  it('has seen enough of the body', async () => {
    const milter = await fake({ answers: answering({ B: packet('s') }) })
    await send(milters(optionsOf(milter.port)))
    expect(milter.heard('B')).toHaveLength(1)
    expect(milter.heard('E')).toHaveLength(1)
  })

  it('shows signs of life', async () => {
    const milter = await fake({
      answers: answering({ E: [packet('p'), packet('p'), packet('c')] }),
    })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict?.kind).toBe('accept')
  })

  it('changes all that can be changed', async () => {
    const milter = await fake({
      answers: answering({
        E: [
          packet('h', 'X-Last', 'at the end\n folded'),
          packet('i', 0, 'X-Top', 'above all'),
          packet('i', 1, 'X-First', 'one'),
          packet('i', 3, 'X-Third', 'three'),
          packet('m', 2, 'Subject', 'another'),
          packet('m', 0, 'From', 'x'),
          packet('m', 1, 'To', ''),
          packet('+', '<c@example.net>'),
          packet('2', '<d@example.net>', 'NOTIFY=NEVER'),
          packet('-', '<b@example.net>'),
          packet('e', '<e@example.org>', 'BODY=8BITMIME'),
          packet('q', 'looks odd'),
          packet('b', Buffer.from('new\nbody\r')),
          packet('b', Buffer.from('\nlast\rline')),
          packet('c'),
        ],
      }),
    })
    const content = new MessageContent(message)
    const { verdict } = await send(milters(optionsOf(milter.port)), {}, content)
    expect(verdict).toEqual({
      kind: 'accept',
      edits: [
        { kind: 'append', field: 'X-Last: at the end\r\n folded\r\n' },
        { kind: 'top', field: 'X-Top: above all\r\n' },
        { kind: 'insert', before: 0, field: 'X-First: one\r\n' },
        { kind: 'insert', before: 2, field: 'X-Third: three\r\n' },
        { kind: 'replace', name: 'Subject', occurrence: 2, field: 'Subject: another\r\n' },
        { kind: 'replace', name: 'From', occurrence: 1, field: 'From: x\r\n' },
        { kind: 'remove', name: 'To', occurrence: 1 },
      ],
      addRecipients: ['c@example.net', 'd@example.net'],
      removeRecipients: ['b@example.net'],
      sender: 'e@example.org',
      hold: 'looks odd',
      body: { bytes: 23, open: expect.any(Function) },
    })
    expect(await content.stashes[0]).toBe('new\r\nbody\r\nlast\r\nline\r\n')
  })

  it('cannot bring in a field or end the header by a line end', async () => {
    const value = 'one\nEvil: yes\n\nbody\r\rmore'
    const milter = await fake({ answers: answering({ E: [packet('h', 'X', value), packet('c')] }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toMatchObject({
      edits: [{ kind: 'append', field: 'X: one\r\n\tEvil: yes\r\n\tbody\r\n\tmore\r\n' }],
    })
  })

  it('sees what was put on top before, and leaves that as it is', async () => {
    const milter = await fake({
      answers: answering({
        E: [
          packet('i', 1, 'X-First', 'one'),
          packet('i', 3, 'X-Third', 'three'),
          packet('m', 1, 'Authentication-Results', ''),
          packet('m', 2, 'authentication-results', ''),
          packet('m', 1, 'From', 'x'),
          packet('c'),
        ],
      }),
    })
    const content = new MessageContent(message)
    Object.assign(content.message, { onTop: 'Authentication-Results: here;\r\n none\r\n' })
    const { verdict } = await send(milters(optionsOf(milter.port)), {}, content)
    expect(milter.heard('L').map((one) => one.slice(2))).toEqual([
      'Authentication-Results|here;\n none',
      'From|a@example.org',
      'Subject|one\n two',
    ])
    expect(verdict?.edits).toEqual([
      { kind: 'insert', before: 0, field: 'X-First: one\r\n' },
      { kind: 'insert', before: 1, field: 'X-Third: three\r\n' },
      { kind: 'remove', name: 'authentication-results', occurrence: 1 },
      { kind: 'replace', name: 'From', occurrence: 1, field: 'From: x\r\n' },
    ])
  })

  it('says what it would do before it does it', async () => {
    const milter = await fake({
      offer: acceptOffer({ actions: actions.addHeader }),
      answers: answering({ E: [packet('+', '<c@example.net>'), packet('c')] }),
    })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toMatchObject({ kind: 'reject', reply: later })
  })

  it('gives another body up where it refuses the message', async () => {
    const milter = await fake({
      answers: answering({ E: [packet('b', Buffer.from('x')), packet('r')] }),
    })
    const content = new MessageContent(message)
    const { verdict } = await send(milters(optionsOf(milter.port)), {}, content)
    expect(verdict?.kind).toBe('reject')
    await expect(content.stashes[0]).rejects.toThrow('not needed')
  })

  it.each(['i', 'm'])('says where a field stands (%s)', async (command) => {
    const milter = await fake({ answers: answering({ E: [packet(command), packet('c')] }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toMatchObject({ kind: 'reject', reply: later })
  })

  it('gives no larger body than a message may be', async () => {
    const piece = packet('b', Buffer.alloc(600_000, 0x61))
    const milter = await fake({ answers: answering({ E: [piece, piece, packet('c')] }) })
    const { verdict } = await send(milters(optionsOf(milter.port)))
    expect(verdict).toMatchObject({ kind: 'reject', reply: later })
  })
})

describe('a client that is gone before its message was judged', () => {
  const outcomes = [
    ['before the filter hears of it', undefined],
    ['while it hears of it', 'L'],
    ['while it thinks', 'E'],
  ] as const

  it.each(outcomes)('gets nothing past a filter: %s', async (_, at) => {
    const milter = await fake({ answers: (given) => (given === at ? [] : undefined) })
    const made = milters(optionsOf(milter.port, { defaultAction: 'accept' }))
    const session = {}
    const dialogue = made.filters.open(session)
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    await dialogue.recipient(rcpt)
    await dialogue.data()
    const { message: content } = new MessageContent(message)
    const judge = made.steps[0]?.begin({ queueId, origin, envelope: content.envelope, session })
    const leave = () => {
      dialogue.abort()
      dialogue.close()
    }
    if (at === undefined) leave()
    const judged = judge?.judge(content)
    if (at !== undefined) {
      await expect.poll(() => milter.heard(at)).toHaveLength(1)
      leave()
    }
    await expect(judged).rejects.toThrow(TemporaryFailure)
  })
})

describe('several filters', () => {
  it('are asked in order, and none after one that refuses', async () => {
    const one = await fake()
    const two = await fake({ answers: answering({ R: packet('r') }) })
    const three = await fake()
    const { said } = await send(
      milters(optionsOf(one.port), optionsOf(two.port), optionsOf(three.port)),
    )
    expect(said.map((reply) => reply?.code)).toEqual([undefined, undefined, 550, undefined])
    expect([one, two, three].map((each) => each.heard('R').length)).toEqual([1, 1, 0])
  })

  it('forget a sender whom a later one refuses', async () => {
    const one = await fake()
    const two = await fake({ answers: answering({ M: packet('r') }) })
    const dialogue = milters(optionsOf(one.port), optionsOf(two.port)).filters.open({})
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    await expect.poll(() => one.heard('MA').map((told) => told[0])).toEqual(['M', 'A'])
  })

  it('go on without one that accepts', async () => {
    const one = await fake({ answers: answering({ C: packet('a') }) })
    const two = await fake()
    const { verdicts } = await send(milters(optionsOf(one.port), optionsOf(two.port)))
    expect(verdicts.map((verdict) => verdict?.kind)).toEqual(['accept', 'accept'])
    expect(two.heard('E')).toHaveLength(1)
  })
})

describe('a filter that fails', () => {
  const defaults = {
    tempfail: [later, 'reject'],
    reject: [refused(550, '5.5.0', 'Service unavailable'), 'reject'],
    shutdown: [refused(421, '4.7.0', 'Server closing connection'), 'reject'],
    accept: [undefined, 'accept'],
    quarantine: [undefined, 'accept'],
  } as const

  it.each(['tempfail', 'reject', 'shutdown', 'accept', 'quarantine'] as const)(
    'from the first on: %s',
    async (defaultAction) => {
      const milter = await fake()
      const { port } = milter
      await milter[Symbol.asyncDispose]()
      const made = milters(optionsOf(port, { defaultAction }))
      const { said, verdict } = await send(made)
      const [reply] = defaults[defaultAction]
      expect(said).toEqual([reply, reply, reply, reply])
      if (defaultAction === 'accept') expect(verdict).toMatchObject({ kind: 'accept' })
      if (defaultAction === 'quarantine') {
        expect(verdict).toMatchObject({
          kind: 'accept',
          hold: expect.stringContaining('ECONNREFUSED'),
        })
      }
      expect(made.lines.filter(({ message: said }) => said === 'milter failed')).toHaveLength(1)
    },
  )

  it.each(['M', 'R', 'T', 'L', 'N', 'B', 'E'])('by closing at %s', async (command) => {
    const milter: FakeMilter = await fake({
      answers(given) {
        if (given !== command) return undefined
        for (const socket of milter.sockets) socket.destroy()
        return []
      },
    })
    const { said, verdict } = await send(milters(optionsOf(milter.port)))
    const replies = [...said, verdict?.kind === 'reject' ? verdict.reply : undefined]
    expect(replies.at(-1)).toEqual(later)
  })

  it.each(['R', 'E'])('by not answering %s in time', async (command) => {
    const milter = await fake({ answers: (given) => (given === command ? [] : undefined) })
    const options = optionsOf(milter.port, { commandTimeoutMs: 50, contentTimeoutMs: 50 })
    const { said, verdict } = await send(milters(options))
    const replies = [...said, verdict?.kind === 'reject' ? verdict.reply : undefined]
    expect(replies.at(-1)).toEqual(later)
    await expect.poll(() => milter.open).toBe(0)
  })

  it('is not waited for by a thousand sessions', async () => {
    const milter = await fake()
    const { port } = milter
    await milter[Symbol.asyncDispose]()
    const made = milters(optionsOf(port))
    await made.filters.open({}).helo(client)
    const before = made.lines.length
    const said = await Promise.all(
      Array.from({ length: 1_000 }, () => made.filters.open({}).helo(client)),
    )
    expect(said.every((refusal) => refusal?.reply.code === 451)).toBe(true)
    const reasons = new Set(made.lines.slice(before).map(({ fields }) => fields.reason))
    expect([...reasons]).toEqual(['could not be reached a moment ago'])
  })

  it('is not waited for by others where it takes connections and says nothing', async () => {
    const milter = await fake({ offer: () => Buffer.alloc(0) })
    const made = milters(optionsOf(milter.port))
    await made.filters.open({}).helo(client)
    const said = await made.filters.open({}).helo(client)
    expect(said?.reply.code).toBe(451)
    expect(milter.connections).toBe(1)
  })

  it('does not take the message down with it when what reads it fails', async () => {
    const milter = await fake()
    const content = new MessageContent(message)
    const failing: ContentMessage = {
      ...content.message,
      async *open() {
        yield Buffer.from('A: b\r\n\r\n')
        throw new TemporaryFailure('the store does not answer')
      },
    }
    const made = milters(optionsOf(milter.port))
    const session = {}
    const dialogue = made.filters.open(session)
    await dialogue.helo(client)
    await dialogue.mail(client, mail)
    const judge = made.steps[0]?.begin({ queueId, origin, envelope: failing.envelope, session })
    await expect(judge?.judge(failing)).rejects.toThrow(TemporaryFailure)
    await expect.poll(() => milter.heard('A')).toEqual(['A'])
  })

  it('is left by a client that goes in the middle of a command', async () => {
    const milter = await fake({ answers: (given) => (given === 'M' ? [] : undefined) })
    const made = milters(optionsOf(milter.port))
    const dialogue = made.filters.open({})
    await dialogue.helo(client)
    const asked = dialogue.mail(client, mail)
    await expect.poll(() => milter.heard('M')).toHaveLength(1)
    dialogue.close()
    expect(await asked).toBeUndefined()
    await expect.poll(() => milter.open).toBe(0)
    expect(made.lines.filter(({ message: said }) => said === 'milter failed')).toEqual([])
  })
})
