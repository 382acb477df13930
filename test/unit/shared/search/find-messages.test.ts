import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModSeq } from '#shared/contracts/mailbox.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import { type Criterion, type Interval, uidsIn } from '#shared/search/criterion.ts'
import {
  findMessages,
  WINDOWS_AHEAD_BYTES_MAX,
  windowsAhead,
} from '#shared/search/find-messages.ts'
import { Pace, STEP_BYTES } from '#shared/search/pace.ts'
import { compile } from '#shared/search/predicate.ts'
import { fixture, fixtureNames } from '#test/support/corpus.ts'
import { CountingPace, type Given, MessageStore, quietWaiting } from './message-store.ts'
import { naiveMatches } from './naive-search.ts'

const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 20, 12)

/** What texts are made of and what is looked for, in any spelling. */
const words = ['apple', 'Birne', 'Straße', 'grün', 'ZWÖLF', 'Ωμέγα', 'noon', 'a', 'e\u0301', 'é']
const sevenBit = ['apple', 'Birne', 'noon', 'a', 'Zebra']

const day = fc.integer({ min: 1, max: 28 })
const text = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 })
  .map((t) => t.join(' '))
const encodedText = text.chain((t) =>
  fc.constantFrom(
    `=?utf-8?B?${Buffer.from(t).toString('base64')}?=`,
    `=?utf-8?Q?${quoted(t).replaceAll(' ', '_').replaceAll('?', '=3F')}?=`,
    Buffer.from(t).toString('latin1'),
  ),
)
const address = fc
  .tuple(fc.constantFrom(...sevenBit), fc.constantFrom('one.test', 'two.test'))
  .map(([name, host]) => `${name} <${name.toLowerCase()}@${host}>`)

const field = fc.oneof(
  encodedText.map((value) => `Subject: ${value}`),
  address.map((value) => `From: ${value}`),
  fc.array(address, { minLength: 1, maxLength: 3 }).map((list) => `To: ${list.join(', ')}`),
  address.map((value) => `Cc: ${value}`),
  day.map((d) => `Date: ${d} Nov 2026 23:30:00 -0900`),
  encodedText.map((value) => `X-Note: ${value.replaceAll(' ', '\r\n ')}`),
  fc.constantFrom(...sevenBit).map((id) => `Message-ID: <${id}@x>`),
)
const fields = fc
  .uniqueArray(field, { selector: (f) => f.slice(0, f.indexOf(':')), maxLength: 6 })
  .map((list) => list.map((line) => `${line}\r\n`).join(''))

type Encoding = readonly [charset: BufferEncoding, label: string, transfer: string]
const encodings: readonly Encoding[] = [
  ['utf8', 'utf-8', '8bit'],
  ['utf8', 'UTF-8', 'base64'],
  ['utf8', 'utf8', 'quoted-printable'],
  ['utf16le', 'utf-16le', 'base64'],
]

/** Content-Type, encoding, empty line and body of a text part, byte string. */
const textPart = fc
  .tuple(
    fc.array(text, { minLength: 1, maxLength: 5 }),
    fc.constantFrom(...encodings),
    fc.constantFrom('text/plain', 'text/html', 'application/pdf'),
  )
  .map(([lines, [charset, label, transfer], type]) => {
    const bytes = Buffer.from(lines.join('\r\n'), charset)
    return `Content-Type: ${type}; charset=${label}\r\nContent-Transfer-Encoding: ${transfer}\r\n\r\n${encode(bytes, transfer)}\r\n`
  })

const multipart = fc.array(textPart, { minLength: 1, maxLength: 3 }).map(inMultipart)

const attached = fc
  .tuple(fields, textPart)
  .map(([inner, part]) => inMultipart([`Content-Type: message/rfc822\r\n\r\n${inner}${part}`]))

const message: fc.Arbitrary<Given> = fc
  .record({
    fields,
    content: fc.oneof(textPart, multipart, attached),
    flags: fc.subarray(['\\Seen', '\\Flagged', '\\Deleted', '$Work']),
    received: fc.integer({ min: 0, max: 40 }),
    added: fc.constantFrom('', 'Received: from noon\r\n', 'Date: 7 Nov 2026 00:00:00 +0000\r\n'),
  })
  .map(({ fields: header, content, flags, received, added }) => ({
    bytes: Buffer.from(header + content, 'latin1'),
    flags,
    internalDateMs: nowMs - received * DAY_MS,
    // Only what a message lacks is added.
    added: header.includes('Date:') && added.startsWith('Date:') ? '' : added,
  }))

function inMultipart(parts: readonly string[]): string {
  const body = parts.map((part) => `--b\r\n${part}`).join('')
  return `Content-Type: multipart/mixed; boundary=b\r\n\r\nnoon preamble\r\n${body}--b--\r\nnoon epilogue\r\n`
}

function quoted(value: string): string {
  return Buffer.from(value)
    .toString('latin1')
    .replace(/[^a-zA-Z0-9 ]/g, hex)
}

function hex(char: string): string {
  return `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function encode(bytes: Buffer, transfer: string): string {
  if (transfer === 'base64') return bytes.toString('base64').replace(/.{20}/g, '$&\r\n')
  const latin1 = bytes.toString('latin1')
  if (transfer === '8bit') return latin1
  return latin1.replace(/[^a-zA-Z \r\n]/g, hex).replace(/([^=\r\n]{9})(?=[a-zA-Z])/g, '$1=\r\n')
}

const needle = fc
  .tuple(
    fc.constantFrom(...words, 'apple birne', 'noon\r\napple', ' <', 'nothing', '', '@one'),
    fc.constantFrom('as is', 'upper', 'lower'),
  )
  .map(([word, spelling]) =>
    spelling === 'upper' ? word.toUpperCase() : spelling === 'lower' ? word.toLowerCase() : word,
  )
const interval = (end: fc.Arbitrary<number>): fc.Arbitrary<Interval> =>
  fc.record({
    from: fc.oneof(end, fc.constant(Number.NEGATIVE_INFINITY)),
    before: fc.oneof(end, fc.constant(Number.POSITIVE_INFINITY)),
  })
const dayMs = day.map((d) => Date.UTC(2026, 10, d))
const uids = fc
  .uniqueArray(fc.integer({ min: 1, max: 45 }))
  .map((numbers) => uidsIn(rangesOf(numbers.sort((a, b) => a - b))))

const leaf: fc.Arbitrary<Criterion> = fc.oneof(
  fc.constant<Criterion>({ kind: 'all' }),
  fc.record({ kind: fc.constant('uids' as const), uids }),
  fc.record({
    kind: fc.constant('flag' as const),
    flag: fc.constantFrom('\\Seen', '\\flagged', '$WORK', '\\Draft', 'none'),
    set: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('header' as const),
    field: fc.constantFrom(
      'subject',
      'from',
      'to',
      'cc',
      'bcc',
      'date',
      'message-id',
      'x-note',
      'received',
    ),
    text: needle,
  }),
  fc.record({ kind: fc.constantFrom('body' as const, 'text' as const), text: needle }),
  fc
    .record({
      kind: fc.constantFrom('received' as const, 'sent' as const, 'saved' as const),
    })
    .chain(({ kind }) => interval(dayMs).map((within) => ({ kind, ...within }))),
  interval(fc.integer({ min: 100, max: 2_000 })).map((within) => ({
    kind: 'size' as const,
    ...within,
  })),
  fc.record({
    kind: fc.constant('modseq' as const),
    atLeast: fc.integer({ min: 0, max: 150 }).map((modSeq) => modSeq as ModSeq),
  }),
)

const { criterion } = fc.letrec<{ criterion: Criterion }>((tie) => ({
  criterion: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    leaf,
    leaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      criteria: fc.array(tie('criterion'), { minLength: 0, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), criterion: tie('criterion') }),
  ),
}))

async function search(store: MessageStore, wanted: Criterion) {
  return findMessages(store.searched, compile(wanted), store.reading())
}

function naive(store: MessageStore, wanted: Criterion) {
  return store.stored
    .filter((stored) => naiveMatches(wanted, stored))
    .map(({ record }) => record.uid)
}

function storeOf(messages: readonly Given[]): MessageStore {
  const store = new MessageStore()
  for (const given of messages) store.add(given)
  return store
}

describe('findMessages', () => {
  it('finds what a naive search finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.array(criterion, { minLength: 1, maxLength: 6 }),
        async (messages, criteria) => {
          const store = storeOf(messages)
          for (const wanted of criteria) {
            expect(await search(store, wanted), JSON.stringify(wanted)).toEqual(
              naive(store, wanted),
            )
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('finds in real-world messages what a naive search finds', async () => {
    const store = storeOf(fixtureNames().map((name) => ({ bytes: fixture(name) })))
    const values = ['the', 'Re', 'example', 'text/', 'Grüße', 'base64', 'x', 'boundary', 'ö', '日']
    const criteria = values.flatMap((text): Criterion[] => [
      { kind: 'text', text },
      { kind: 'body', text },
      { kind: 'header', field: 'x-mailer', text },
      { kind: 'header', field: 'content-type', text },
      { kind: 'header', field: 'received', text },
      { kind: 'header', field: 'message-id', text },
    ])
    for (const wanted of criteria) {
      expect(await search(store, wanted), JSON.stringify(wanted)).toEqual(naive(store, wanted))
    }
  })

  it('finds texts anywhere in large parts, whatever the pieces they come in', async () => {
    const filler = 'Zeile um Zeile über Zeile\r\n'.repeat(8_000)
    const body = `${filler}erster FUND${filler}Straße am Ende`
    const large = (transfer: string, charset = 'utf-8', encoding: BufferEncoding = 'utf8') => ({
      bytes: Buffer.from(
        `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${transfer}\r\n\r\n${encode(Buffer.from(body, encoding), transfer)}`,
        'latin1',
      ),
    })
    const store = storeOf([
      large('8bit'),
      large('base64'),
      large('quoted-printable'),
      large('base64', 'iso-8859-1', 'latin1'),
      large('base64', 'utf-16le', 'utf16le'),
    ])
    const find = (text: string, kind: 'body' | 'text' = 'body') => search(store, { kind, text })
    expect(await find('zeile\r\nerster fund')).toEqual([1, 3, 5, 7, 9])
    expect(await find('strasse AM ende')).toEqual([1, 3, 5, 7, 9])
    expect(await find('Zeile über Zeile\r\nZeile', 'text')).toEqual([1, 3, 5, 7, 9])
    expect(await find('fund am ende')).toEqual([])
    expect(await find('utf-16le', 'text')).toEqual([9])
  })

  it('finds no text that begins in one part and ends in the next', async () => {
    const part = (text: string) => `Content-Type: text/plain\r\n\r\n${text}\r\n`
    const store = storeOf([{ bytes: Buffer.from(inMultipart([part('one'), part('two')])) }])
    expect(await search(store, { kind: 'body', text: 'one' })).toEqual([1])
    expect(await search(store, { kind: 'body', text: 'onetwo' })).toEqual([])
  })

  it('reads nothing for flags, sizes, dates and fields of the envelope', async () => {
    const store = storeOf([{ bytes: Buffer.from('Subject: a\r\n\r\nb\r\n'), flags: ['\\Seen'] }])
    await search(store, {
      kind: 'and',
      criteria: [
        { kind: 'flag', flag: '\\Seen', set: true },
        { kind: 'header', field: 'subject', text: 'nothing' },
        { kind: 'text', text: 'b' },
      ],
    })
    expect(store.bytesRead).toBe(0)
  })

  it('reads the header alone where that decides', async () => {
    const store = storeOf([{ bytes: Buffer.from(`X-A: 1\r\n\r\n${'b'.repeat(5_000)}`) }])
    await search(store, {
      kind: 'or',
      criteria: [
        { kind: 'header', field: 'x-a', text: '1' },
        { kind: 'body', text: 'no' },
      ],
    })
    expect(store.bytesRead).toBe('X-A: 1\r\n\r\n'.length)
  })

  it('passes over a message whose blob is gone', async () => {
    const store = storeOf([{ bytes: Buffer.from('Subject: a\r\n\r\n') }])
    const wanted: Criterion = { kind: 'header', field: 'subject', text: 'a' }
    const reading = { ...store.reading(), blobs: async () => [undefined] }
    expect(await findMessages(store.searched, compile(wanted), reading)).toEqual([])
  })

  it('goes on where it was when messages are expunged meanwhile', async () => {
    const store = storeOf(
      Array.from({ length: 3_000 }, () => ({ bytes: Buffer.from('Subject: a\r\n\r\n') })),
    )
    const uids = store.columns.uids()
    const compiled = compile({ kind: 'all' })
    const pace = new Pace({ waiting: quietWaiting, clock: systemClock })
    let steps = 0
    pace.step = async () => {
      if (++steps === 1) store.columns.remove([0, 1, 2, 2_500])
    }
    const found = await findMessages(
      { uids, messages: store.columns },
      compiled,
      store.reading(pace),
    )
    // What was seen before stays found; what is gone when its turn comes is not.
    expect(found).toHaveLength(2_999)
    expect(found).not.toContain(5_001)
  })

  it('finds among the messages the client knows only', async () => {
    const store = storeOf(
      ['a', 'b', 'c'].map((subject) => ({ bytes: Buffer.from(`Subject: ${subject}\r\n\r\n`) })),
    )
    const uids = Uint32Array.of(1, 2, 5)
    const compiled = compile({ kind: 'all' })
    expect(
      await findMessages({ uids, messages: store.columns }, compiled, store.reading()),
    ).toEqual([1, 5])
  })

  describe('lets others run inside one message', () => {
    const part = (headers: string, body: string) =>
      Buffer.from(`Subject: a\r\n${headers}\r\n${body}`, 'latin1')
    const base64 = (bytes: number) =>
      part(
        'Content-Type: text/plain; charset=gbk\r\nContent-Transfer-Encoding: base64\r\n',
        Buffer.alloc(bytes, 0xb0).toString('base64'),
      )
    const header = (bytes: number) =>
      part(`X-A: ${'=?gbk?Q?=B0?= =?x1?Q?=B0?='.repeat(bytes / 26)}\r\n`, 'b')
    const short = (bytes: number) => part('a:\n'.repeat(bytes / 3), 'b')
    const body = { kind: 'body', text: 'no' } as const
    const text = { kind: 'text', text: 'no' } as const
    const field = { kind: 'header', field: 'x-a', text: 'no' } as const
    const texts = (count: number): Criterion => ({
      kind: 'and',
      criteria: Array.from({ length: count }, (_, at) => ({
        kind: 'not',
        criterion: { kind: 'text', text: `${at}${'a'.repeat(4_000)}` },
      })),
    })
    it.each<[string, Buffer, Criterion]>([
      ['a large part', base64(400_000), body],
      ['a large field', header(200_000), text],
      ['a large field of one name', header(200_000), field],
      ['many fields', short(200_000), text],
      ['many fields, of one name', short(200_000), field],
      [
        'a field that grows when it is folded',
        part(`X-A: ${'\u{fdfa}'.repeat(20_000)}`, 'b'),
        field,
      ],
      ['many texts', part('', 'a'.repeat(100_000)), texts(50)],
    ])('of %s', async (_, bytes, wanted) => {
      const store = storeOf([{ bytes }])
      const uids = store.columns.uids()
      const compiled = compile(wanted)
      let turns = 0
      const pace = new Pace({
        waiting: quietWaiting,
        clock: systemClock,
        turns: { step: () => void turns++ },
      })
      await findMessages({ uids, messages: store.columns }, compiled, store.reading(pace))
      expect(turns).toBeGreaterThan(bytes.length / STEP_BYTES / 2)
    })
  })

  it('takes one piece of a turn, however many messages it reads at the same time', async () => {
    const body = 'b'.repeat(STEP_BYTES)
    const store = storeOf(
      Array.from({ length: 40 }, () => ({ bytes: Buffer.from(`X-A: ${body}\r\n\r\n${body}`) })),
    )
    let waiting = 0
    let most = 0
    const step = async () => {
      most = Math.max(most, ++waiting)
      await new Promise((turn) => setImmediate(turn))
      waiting--
    }
    const pace = new Pace({ waiting: quietWaiting, clock: systemClock, turns: { step } })
    const either = { kind: 'header', field: 'x-a', text: 'no' } as const
    const compiled = compile({ kind: 'or', criteria: [either, { kind: 'text', text: 'no' }] })
    await findMessages(store.searched, compiled, store.reading(pace))
    expect(most).toBe(1)
  })

  it('reads ahead as far as all searches together may, else message by message', async () => {
    const store = storeOf(
      Array.from({ length: 20 }, (_, i) => ({ bytes: Buffer.from(`A: b\r\n\r\nword${i % 2}`) })),
    )
    const compiled = compile({ kind: 'text', text: 'word1' })
    const search = async () => {
      const reading = store.reading()
      let held = 0
      let most = 0
      const read: typeof reading.objects.read = async (key, range) => {
        most = Math.max(most, ++held)
        await new Promise((turn) => setImmediate(turn))
        held--
        return reading.objects.read(key, range)
      }
      const objects = { ...reading.objects, read }
      const found = await findMessages(store.searched, compiled, { ...reading, objects })
      expect(found).toHaveLength(10)
      return most
    }
    expect(await search()).toBeGreaterThan(1)
    expect(windowsAhead.taken).toBe(0)
    expect(windowsAhead.tryTake(WINDOWS_AHEAD_BYTES_MAX)).toBe(true)
    expect(await search()).toBe(1)
    windowsAhead.give(WINDOWS_AHEAD_BYTES_MAX)
  })

  it('looks at any number of fields for any number of texts in pieces', async () => {
    const store = storeOf([
      { bytes: Buffer.from(`${'x-a:\n'.repeat(5_000)}X-A: ${'a'.repeat(10_000)}\n\nb`) },
    ])
    const criteria = Array.from({ length: 500 }, (_, at): Criterion => {
      return { kind: 'not', criterion: { kind: 'header', field: 'x-a', text: `a${at}` } }
    })
    const compiled = compile({ kind: 'and', criteria })
    const pace = new CountingPace()
    const found = await findMessages(store.searched, compiled, store.reading(pace))
    expect(found).toEqual([1])
    expect(pace.bytesAtOnce).toBeLessThan(10 * STEP_BYTES)
    expect(pace.bytes).toBeGreaterThan(500 * (5_000 + 10_000))
  })

  it('knows what the criteria themselves hold', () => {
    const bytes = (wanted: Criterion) => compile(wanted).bytes
    expect(bytes({ kind: 'text', text: 'a'.repeat(4_000) })).toBeGreaterThan(16_000)
    const ranges = Array.from({ length: 1_000 }, (_, at) => ({
      first: 2 * at + 1,
      last: 2 * at + 1,
    }))
    expect(bytes({ kind: 'uids', uids: uidsIn(ranges) })).toBeGreaterThan(40_000)
  })

  it('looks for a text once, however often it is asked for', () => {
    const text: Criterion = { kind: 'text', text: 'a' }
    const body: Criterion = { kind: 'body', text: 'a' }
    const subject: Criterion = { kind: 'header', field: 'subject', text: 'a' }
    const compiled = compile({ kind: 'and', criteria: [text, text, body, subject, subject] })
    expect(compiled.texts).toHaveLength(2)
    expect(compiled.fields.get('subject')).toHaveLength(1)
  })
})
