import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { criterionOf, type KeyContext } from '#services/imap/search/criterion-of-key.ts'
import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { formatSequenceSet, type MessageSet, STAR } from '#shared/imap/sequence-set.ts'
import { flagList, flagSet } from '#shared/mailbox/flags.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import type { Criterion } from '#shared/search/criterion.ts'
import { compile } from '#shared/search/predicate.ts'

const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 20, 12)

const context: KeyContext = { charset: 'UTF-8', uids: [], saved: [], nowMs }

/** What decides without reading. */
type Facts = MessageRecord & { readonly isRecent: boolean }

const message = fc.record({
  received: fc.integer({ min: 0, max: 40 * 24 }),
  flags: fc.subarray(['\\Seen', '\\Flagged', '$Work']),
  size: fc.integer({ min: 100, max: 110 }),
  isRecent: fc.boolean(),
})
const messages = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
    fc.infiniteStream(message),
  )
  .map(([uids, given]) =>
    uids
      .sort((a, b) => a - b)
      .map((uid): Facts => {
        const { received, flags, size, isRecent } = given.next().value
        const internalDateMs = nowMs - (received * DAY_MS) / 24
        return {
          uid: uid as Uid,
          blobId: 'b' as BlobId,
          size,
          internalDateMs,
          saveDateMs: internalDateMs + 3 * DAY_MS,
          flags: flagSet(flags),
          modSeq: (3 * uid) as ModSeq,
          prepend: '',
          unended: false,
          isRecent,
        }
      }),
  )

const numberEnd = fc.oneof(fc.integer({ min: 1, max: 45 }), fc.constant(STAR))
const set = fc.oneof(
  fc.constant({ kind: 'saved' as const }),
  fc.array(fc.tuple(numberEnd, numberEnd), { minLength: 1, maxLength: 3 }).map((pairs) => ({
    kind: 'set' as const,
    ranges: pairs.map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
  })),
)
const leaf: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.constantFrom<SearchKey>({ kind: 'all' }, { kind: 'save-date-supported' }),
  fc.record({ kind: fc.constantFrom('numbers' as const, 'uids' as const), messages: set }),
  fc.record({
    kind: fc.constant('flag' as const),
    flag: fc.constantFrom('\\Seen', '\\flagged', '$WORK', '\\Recent', 'none'),
    set: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('internal-date' as const, 'save-date' as const),
    compare: fc.constantFrom('before' as const, 'on' as const, 'since' as const),
    dayMs: fc.integer({ min: 1, max: 28 }).map((d) => Date.UTC(2026, 10, d)),
  }),
  fc.record({
    kind: fc.constant('age' as const),
    compare: fc.constantFrom('older' as const, 'younger' as const),
    seconds: fc.integer({ min: 0, max: 40 * 24 }).map((hours) => hours * 3_600),
  }),
  fc.record({
    kind: fc.constant('size' as const),
    compare: fc.constantFrom('larger' as const, 'smaller' as const),
    bytes: fc.integer({ min: 99, max: 111 }),
  }),
  fc.record({
    kind: fc.constant('modseq' as const),
    modSeq: fc.integer({ min: 0, max: 130 }),
    entry: fc.constant(null),
  }),
)
const { key } = fc.letrec<{ key: SearchKey }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    leaf,
    leaf,
    fc.record({
      kind: fc.constant('and' as const),
      keys: fc.array(tie('key'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('or' as const), either: tie('key'), other: tie('key') }),
    fc.record({ kind: fc.constant('not' as const), key: tie('key') }),
  ),
}))

type Folder = { readonly uids: readonly number[]; readonly saved: readonly number[] }

/** The key in the words of RFC 9051 §6.4.4. */
function isMeant(key: SearchKey, message: Facts, folder: Folder): boolean {
  const inner = (each: SearchKey) => isMeant(each, message, folder)
  switch (key.kind) {
    case 'all':
    case 'save-date-supported':
      return true
    case 'and':
      return key.keys.every(inner)
    case 'or':
      return inner(key.either) || inner(key.other)
    case 'not':
      return !inner(key.key)
    case 'numbers':
      return names(key.messages, folder.uids.indexOf(message.uid) + 1, folder.uids.length)
    case 'uids':
      return names(key.messages, message.uid, folder.uids.at(-1) ?? 0)
    case 'flag': {
      const flags = [...flagList(message.flags), ...(message.isRecent ? ['\\Recent'] : [])]
      return flags.some((flag) => flag.toLowerCase() === key.flag.toLowerCase()) === key.set
    }
    case 'internal-date':
      return compareDays(key, dayOf(message.internalDateMs))
    case 'save-date':
      return compareDays(key, dayOf(message.saveDateMs))
    case 'age': {
      const ageMs = nowMs - message.internalDateMs
      return key.compare === 'older' ? ageMs >= key.seconds * 1000 : ageMs <= key.seconds * 1000
    }
    case 'size':
      return key.compare === 'larger' ? message.size > key.bytes : message.size < key.bytes
    case 'modseq':
      return message.modSeq >= key.modSeq
    default:
      throw new Error(`${key.kind} needs more than facts`)
  }
  function names(set: MessageSet, number: number, largest: number): boolean {
    if (set.kind === 'saved') return folder.saved.includes(message.uid)
    return formatSequenceSet(set.ranges)
      .split(',')
      .some((range) => {
        const [a = 0, b = a] = range.split(':').map((n) => (n === '*' ? largest : Number(n)))
        return number >= Math.min(a, b) && number <= Math.max(a, b)
      })
  }
}

const dayOf = (ms: number) => Date.parse(new Date(ms).toISOString().slice(0, 10))

function compareDays({ compare, dayMs }: { compare: string; dayMs: number }, day: number): boolean {
  if (compare === 'before') return day < dayMs
  return compare === 'on' ? day === dayMs : day >= dayMs
}

describe('criterionOf', () => {
  it('asks what the key asks', () => {
    fc.assert(
      fc.property(messages, key, fc.subarray([1, 2, 3, 5, 8, 13, 21]), (given, wanted, saved) => {
        const uids = given.map(({ uid }) => uid)
        const isRecent = (uid: Uid) => given.find((each) => each.uid === uid)?.isRecent === true
        const mapped = criterionOf(wanted, { ...context, uids, saved: saved as Uid[], isRecent })
        const { predicate } = compile(mapped)
        for (const each of given) {
          expect(predicate.test(each, undefined), JSON.stringify([wanted, each])).toBe(
            isMeant(wanted, each, { uids, saved }),
          )
        }
      }),
      { numRuns: 1_000 },
    )
  })

  // RFC 9051 §6.4.4: strings are in the charset of the command.
  it.each<[SearchKey, string | null, Criterion]>([
    [{ kind: 'body', value: 'gr\xc3\xbcn' }, 'UTF-8', { kind: 'body', text: 'grün' }],
    [{ kind: 'text', value: '\xf0\xd2\xc9' }, 'KOI8-R', { kind: 'text', text: 'При' }],
    [
      { kind: 'header', field: 'x-a', value: 'a' },
      null,
      { kind: 'header', field: 'x-a', text: 'a' },
    ],
  ])('reads texts of %j in %s', (wanted, charset, criterion) => {
    expect(criterionOf(wanted, { ...context, charset })).toEqual(criterion)
  })

  it('takes the day of the Date field as it was written', () => {
    const dayMs = Date.UTC(2026, 10, 7)
    expect(criterionOf({ kind: 'sent-date', compare: 'on', dayMs }, context)).toEqual({
      kind: 'sent',
      from: dayMs,
      before: dayMs + DAY_MS,
    })
  })

  it('asks a saved result as often as it is named, and makes its ranges once', () => {
    let read = 0
    const saved = new Proxy([1, 3, 5] as Uid[], {
      get: (target, name) => {
        if (name === 'length') read++
        return Reflect.get(target, name)
      },
    })
    const mapKeys = (count: number) => {
      read = 0
      const keys = Array.from({ length: count }, () => ({
        kind: 'uids' as const,
        messages: { kind: 'saved' as const },
      }))
      criterionOf({ kind: 'and', keys }, { ...context, uids: [1, 3, 5], saved })
      return read
    }
    expect(mapKeys(100)).toBe(mapKeys(1))
  })

  it('asks whether a message is recent when it is looked at', () => {
    const recent = new Set<number>()
    const key: SearchKey = { kind: 'flag', flag: '\\Recent', set: true }
    const mapped = criterionOf(key, { ...context, isRecent: (uid) => recent.has(uid) })
    if (mapped.kind !== 'uids') throw new Error(mapped.kind)
    expect(mapped.uids.has(7 as Uid)).toBe(false)
    recent.add(7)
    expect(mapped.uids.has(7 as Uid)).toBe(true)
  })
})
