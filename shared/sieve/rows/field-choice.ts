// Which header fields a test looks at: those of the message, of the part that a loop is at, or of all parts (RFC 5703 §4), and of the named
// ones perhaps only one (RFC 5260 §6).

import { decodeText } from '#shared/mail/charset.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { ByteString, Part } from '#shared/mail/message-index.ts'
import { parseContentType, parseDisposition } from '#shared/mail/mime-parameters.ts'
import { joinContinuations, percentDecoded } from '#shared/mail/parameter-continuations.ts'
import {
  type Checker,
  choice,
  flag,
  type KnownValues,
  number,
  option,
  strings,
  type Values,
} from '../definition.ts'
import type { Header } from '../message.ts'
import { SieveRunError } from '../run/failure.ts'
import type { Run } from '../run/run.ts'

type NoKinds = { readonly [key in never]: never }

export const mimeTags = { mime: flag('mime', 'mime'), anychild: flag('anychild', 'mime') }

export function checkMime(
  { mime, anychild }: KnownValues<Values<typeof mimeTags, NoKinds>>,
  checker: Checker,
): void {
  if (anychild === true && mime === false)
    checker.error(':anychild stands beside :mime', 'anychild')
}

/** The header of the message, where the test is about that and it is read already, as it is behind the first test. */
export function wholeHeader(
  run: Run,
  { mime, anychild }: Values<typeof mimeTags, NoKinds>,
): Header | undefined {
  if (mime && (anychild || run.parts.current !== undefined)) return undefined
  const header = run.message.header()
  return header instanceof Promise ? undefined : header
}

/** One after the other; mostly it is one. */
export async function headersOf(
  run: Run,
  { mime, anychild }: Values<typeof mimeTags, NoKinds>,
): Promise<readonly Header[] | AsyncIterable<Header>> {
  const { current } = run.parts
  if (!mime || (current === undefined && !anychild)) return [await run.message.header()]
  return partHeaders(run, current ?? run.message.structure(), anychild)
}

async function* partHeaders(run: Run, first: Part, anychild: boolean): AsyncGenerator<Header> {
  const parts = [first]
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    yield await partHeader(run, part)
    if (anychild) parts.push(...run.message.parts(part).toReversed())
  }
}

async function partHeader(run: Run, part: Part): Promise<Header> {
  run.spend(1 + (part.header[1] >> 10))
  const wait = run.pace()
  if (wait !== undefined) await wait
  return await run.message.partHeader(part)
}

export const indexTags = { index: option('index', number, 'index'), last: flag('last', 'index') }
export type Index = Values<typeof indexTags, NoKinds>

export function checkIndex({ index, last }: KnownValues<Index>, checker: Checker): void {
  if (index === undefined && last === true) checker.error(':last stands beside :index', 'last')
  if (index === 0) checker.error(':index counts from 1', 'index')
}

/** RFC 5260 §6: of all fields together, in the order of the names. */
export function indexed<T>({ index, last }: Index, values: readonly T[]): readonly T[] {
  if (index === undefined) return values
  if (index === 0) throw new SieveRunError(':index counts from 1')
  const value = last ? values[values.length - index] : values[index - 1]
  return value === undefined ? [] : [value]
}

const plain = { extension: 'mime', takes: null } as const

/** What of a Content-Type or Content-Disposition is compared. */
export const fieldPart = choice({
  type: plain,
  subtype: plain,
  contenttype: plain,
  param: { extension: 'mime', takes: strings },
})

export type FieldPart = ReturnType<typeof fieldPart.read>

/** RFC 5703 §4.2: '' of any other field; parameters there may be none. */
export function partOfField(
  part: NonNullable<FieldPart>,
  name: string,
  value: ByteString,
): readonly string[] {
  const parsed = parsers.get(name.toLowerCase())?.(value) ?? nothing
  const { type, subtype, parameters } = parsed
  if (part.tag === 'type') return [decodeHeaderText(type)]
  if (part.tag === 'subtype') return [decodeHeaderText(subtype)]
  if (part.tag === 'contenttype') {
    return [decodeHeaderText(subtype === '' ? type : `${type}/${subtype}`)]
  }
  const wanted = new Set(part.value.map((each) => each.toLowerCase()))
  return joinContinuations(parameters).flatMap(([attribute, text]) => {
    const key = attribute.toLowerCase()
    if (wanted.has(key)) return [decodeHeaderText(text)]
    return key.endsWith('*') && wanted.has(key.slice(0, -1)) ? [extendedText(text)] : []
  })
}

/** charset'language'text, RFC 2231 §4. */
function extendedText(value: ByteString): string {
  const first = value.indexOf("'")
  const second = value.indexOf("'", first + 1)
  const bytes = Buffer.from(percentDecoded(second < 0 ? value : value.slice(second + 1)), 'latin1')
  return decodeText(bytes, second < 0 || first === 0 ? null : value.slice(0, first))
}

const nothing = { type: '', subtype: '', parameters: [] }

const parsers: ReadonlyMap<
  string,
  (value: ByteString) => typeof nothing | ReturnType<typeof parseContentType>
> = new Map([
  ['content-type', parseContentType],
  [
    'content-disposition',
    (value: ByteString) => {
      const parsed = parseDisposition(value)
      return parsed === null ? null : { ...parsed, subtype: '' }
    },
  ],
])
