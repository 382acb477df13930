// Tests of the base language that look at the message (RFC 5228 §5).

import { parseAddressList } from '#shared/mail/address-list.ts'
import type { ByteString, EnvelopeAddress } from '#shared/mail/message-index.ts'
import { choice, definePreparedTest, defineTest, number, strings, unknown } from '../definition.ts'
import type { Header } from '../message.ts'
import type { SieveEnvelope } from '../run/context.ts'
import { refuseAtImapEvent } from '../run/imap-event.ts'
import {
  checkMatching,
  comparedValues,
  type GateValues,
  matcherOf,
  matching,
  readyMatcher,
} from '../run/match.ts'
import type { Run } from '../run/run.ts'
import { addressPart, partsOf } from './address-part.ts'
import {
  checkIndex,
  checkMime,
  fieldPart,
  headersOf,
  indexed,
  indexTags,
  mimeTags,
  partOfField,
  wholeHeader,
} from './field-choice.ts'

/** RFC 5228 §5.7; of a part or several, and of what a field says of one: RFC 5703 §4.1 and §4.2. */
export const header = definePreparedTest({
  name: 'header',
  tags: { ...matching, ...indexTags, ...mimeTags, of: fieldPart },
  positional: { names: strings, keys: strings },
  check({ of, ...values }, checker) {
    checkMatching(values, checker)
    checkIndex(values, checker)
    checkMime(values, checker)
    if (of !== undefined && of !== unknown && values.mime === false) {
      checker.error(`:${of.tag} stands beside :mime`)
    }
  },
  prepare({ names, keys, of, ...tags }) {
    const { matches, gate } = readyMatcher(tags, keys)
    const whole = keptFields('text', names, (fields, name) => fields.texts(name))

    async function evaluate(run: Run): Promise<boolean> {
      const values: string[] = []
      for await (const fields of await headersOf(run, tags)) {
        if (of === undefined) {
          values.push(
            ...indexed(
              tags,
              names.flatMap((name) => fields.texts(name)),
            ),
          )
          continue
        }
        const named = names.flatMap((name) => fields.values(name).map((value) => ({ name, value })))
        for (const { name, value } of indexed(tags, named)) {
          run.spend(value.length >> 10)
          values.push(...partOfField(of, name, value))
        }
      }
      return matches(run, comparedValues(values))
    }

    return {
      evaluate(run) {
        const fields = of === undefined ? wholeHeader(run, tags) : undefined
        if (fields === undefined) return evaluate(run)
        return matches(run, indexed(tags, whole.valuesOf(run, fields)))
      },
      gate: () => (isOfAllFields(tags) && of === undefined ? gate(whole) : undefined),
    }
  },
})

/** RFC 5228 §5.1; RFC 5703 §4.3. */
export const address = definePreparedTest({
  name: 'address',
  tags: { ...matching, ...indexTags, ...mimeTags, part: addressPart },
  positional: { names: strings, keys: strings },
  check({ names, ...values }, checker) {
    checkMatching(values, checker)
    checkIndex(values, checker)
    checkMime(values, checker)
    if (names === unknown) return
    for (const [i, name] of names.entries()) {
      if (holdsAddresses(name)) continue
      checker.warn(`${name} is no field of addresses: nothing in it fits`, 'names', i)
    }
  },
  prepare({ names, keys, part, ...tags }) {
    const { matches, gate } = readyMatcher(tags, keys)
    const known = names.filter(holdsAddresses)
    const whole = keptFields(part?.tag ?? 'all', known, (fields, name, run) =>
      partsOf(run, part, textsOf(fields.addresses(name))),
    )

    async function evaluate(run: Run): Promise<boolean> {
      const found: EnvelopeAddress[] = []
      for await (const fields of await headersOf(run, tags)) {
        if (tags.index === undefined) found.push(...known.flatMap((name) => fields.addresses(name)))
        else {
          const named = known.flatMap((name) => fields.values(name))
          found.push(...indexed(tags, named).flatMap((value) => parseAddressList(value)))
        }
      }
      return matches(run, comparedValues(partsOf(run, part, textsOf(found))))
    }

    return {
      evaluate(run) {
        const fields = tags.index === undefined ? wholeHeader(run, tags) : undefined
        if (fields === undefined) return evaluate(run)
        return matches(run, whole.valuesOf(run, fields))
      },
      gate: () => (isOfAllFields(tags) ? gate(whole) : undefined),
    }
  },
})

/** Of the header as a whole, and of no single field in it. */
const isOfAllFields = ({
  mime,
  index,
}: {
  readonly mime: boolean
  readonly index?: number | undefined
}) => !mime && index === undefined

/** What `find` finds in fields of these names, kept for the run; `what` says what that is. */
function keptFields(
  what: string,
  names: readonly string[],
  find: (fields: Header, name: string, run: Run) => readonly string[],
): GateValues {
  const wanted = names.map((name) => ({ name, key: `${what} ${name.toLowerCase()}` }))
  const [first] = wanted
  return {
    of: wanted.map(({ key }) => key).join('\n'),
    valuesOf(run, fields) {
      const values = ({ name, key }: (typeof wanted)[number]) =>
        run.keptValues.of(fields, key, () => find(fields, name, run))
      return wanted.length === 1 && first !== undefined ? values(first) : wanted.flatMap(values)
    },
  }
}

const textsOf = (addresses: readonly EnvelopeAddress[]) =>
  addresses.filter(isMailbox).map(addressText)

/** RFC 5228 §5.1 asks for such a restriction: From, To, Reply-To, Delivered-To and the like, whoever made them up. */
function holdsAddresses(name: string): boolean {
  const lower = name.toLowerCase()
  const [last = ''] = lower.split('-').slice(-1)
  return lower.startsWith('x-') || lower === 'return-path' || endings.has(last)
}

const endings: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'to', 'cc', 'bcc', 'recipient', 'recipients', 'approved'],
])

const isMailbox = ({ host }: EnvelopeAddress) => host !== null

/** As it is compared: without name, route and quotes (RFC 5228 §2.7.4). */
function addressText({ mailbox, host }: EnvelopeAddress): string {
  const local = utf8(mailbox ?? '')
  return host === '' ? local : `${local}@${utf8(host ?? '')}`
}

const utf8 = (bytes: ByteString) => Buffer.from(bytes, 'latin1').toString('utf8')

/** RFC 5228 §5.4, with the parts of RFC 6009 §2 and of the drafts before it. */
export const envelope = definePreparedTest({
  name: 'envelope',
  extensions: ['envelope'],
  tags: { ...matching, part: addressPart },
  positional: { parts: strings, keys: strings },
  check({ parts, ...values }, checker) {
    checkMatching(values, checker)
    if (parts === unknown) return
    for (const name of parts) {
      const known = envelopeParts.get(name.toLowerCase())
      if (known === undefined) checker.unknown(`an envelope has no part "${name}"`)
      else if (known.extension) checker.needs(known.extension, `"${name}" of the envelope`)
    }
  },
  prepare({ parts, keys, part, ...tags }) {
    const matches = matcherOf(tags, keys)
    const known = parts.flatMap((name) => envelopeParts.get(name.toLowerCase()) ?? [])
    return {
      evaluate(run) {
        refuseAtImapEvent(run, 'envelope')
        const values = known.flatMap(({ read, isAddress }) => {
          const value = read(run.context.envelope)
          if (value === undefined) return []
          return isAddress ? partsOf(run, part, [value]) : [value]
        })
        return matches(run, comparedValues(values))
      },
      gate: () => undefined,
    }
  },
})

type EnvelopePart = {
  readonly read: (envelope: SieveEnvelope) => string | undefined
  readonly isAddress: boolean
  readonly extension?: 'envelope-dsn' | 'envelope-deliverby'
}

const dsn = (read: EnvelopePart['read']): EnvelopePart => ({
  read,
  isAddress: false,
  extension: 'envelope-dsn',
})

const envelopeParts: ReadonlyMap<string, EnvelopePart> = new Map([
  ['from', { read: ({ from }) => from, isAddress: true }],
  ['to', { read: ({ to }) => to, isAddress: true }],
  ['auth', { read: ({ auth }) => auth, isAddress: true }],
  ['notify', dsn(({ notify }) => notify)],
  ['orcpt', dsn(({ orcpt }) => orcpt)],
  ['ret', dsn(({ ret }) => ret)],
  ['envid', dsn(({ envid }) => envid)],
])

/** RFC 5228 §5.5; RFC 5703 §4.4: with several parts each field is in one of them. */
export const exists = defineTest({
  name: 'exists',
  tags: mimeTags,
  positional: { names: strings },
  check: checkMime,
  evaluate({ names, ...tags }, run) {
    const fields = wholeHeader(run, tags)
    if (fields === undefined) return existInParts(run, tags, names)
    return names.every((name) => fields.values(name).length > 0)
  },
})

async function existInParts(
  run: Run,
  tags: Parameters<typeof headersOf>[1],
  names: readonly string[],
): Promise<boolean> {
  let missing = names
  for await (const fields of await headersOf(run, tags)) {
    missing = missing.filter((name) => fields.values(name).length === 0)
    if (missing.length === 0) return true
  }
  return false
}

const plain = { extension: null, takes: number } as const

/** RFC 5228 §5.9: neither larger nor smaller than itself. */
export const size = definePreparedTest({
  name: 'size',
  tags: { limit: choice({ over: plain, under: plain }) },
  check({ limit }, checker) {
    if (limit === undefined) checker.error('size takes :over or :under, and a number')
  },
  prepare({ limit }) {
    const holds = ({ message: { size: bytes } }: Run) =>
      limit !== undefined && (limit.tag === 'over' ? bytes > limit.value : bytes < limit.value)
    return { evaluate: holds, gate: () => ({ kind: 'fact', holds }) }
  },
})
