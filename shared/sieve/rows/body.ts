// RFC 5173: what stands in the body, as it is transferred or part by part.

import type { Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { choice, defineTest, strings } from '../definition.ts'
import { BODY_BYTES_MAX } from '../limits.ts'
import { type BodyText, charsetOf, decoded, type Reading } from '../run/body-texts.ts'
import { asciiCasemap, comparators } from '../run/comparator.ts'
import { checkMatching, type Matching, matchAny, matching } from '../run/match.ts'
import { finderOf } from '../run/piecewise.ts'
import type { Run } from '../run/run.ts'

/** RFC 5173 §4. */
export const body = defineTest({
  name: 'body',
  extensions: ['body'],
  tags: {
    ...matching,
    transform: choice({
      raw: { extension: null, takes: null },
      content: { extension: null, takes: strings },
      text: { extension: null, takes: null },
    }),
  },
  positional: { keys: strings },
  check: checkMatching,
  async evaluate({ transform, keys, ...tags }, run) {
    if (!(await hasBody(run))) return false
    const texts =
      transform?.tag === 'raw'
        ? rawBody(run)
        : transform?.tag === 'content'
          ? partTexts(run, transform.value, 'content')
          : partTexts(run, ['text'], 'shown')
    if (tags.match?.tag === 'contains') return await containsAny(run, tags, texts, keys)
    const values: string[] = []
    for await (const { pieces } of texts) values.push(pieces.join(''))
    // RFC 5173 §6: wildcards set no match variables here.
    const release = run.variables.holdMatched()
    const fits = await matchAny(run, tags, values, keys)
    release()
    return fits
  },
})

/** RFC 5173 §4: without an empty line behind the header there is none, not even an empty one. */
async function hasBody(run: Run): Promise<boolean> {
  return (await run.message.lines()).end !== ''
}

/** RFC 5173 §5.1. */
async function* rawBody(run: Run): AsyncGenerator<BodyText> {
  const what = { of: run.message, reading: 'raw', bytesMax: BODY_BYTES_MAX } as const
  yield await run.bodyTexts.read(run, what, () => run.message.body())
}

/** RFC 5173 §5.2 and §5.3. */
async function* partTexts(
  run: Run,
  types: readonly string[],
  reading: Reading,
): AsyncGenerator<BodyText> {
  const { message } = run
  const wanted = types.map((type) => type.toLowerCase())
  let bytesMax = BODY_BYTES_MAX
  const read = async (
    of: object,
    as: Reading,
    stream: () => AsyncIterable<Uint8Array>,
    charset: string | null = null,
  ) => {
    const text = await run.bodyTexts.read(run, { of, reading: as, bytesMax }, stream, charset)
    bytesMax -= text.bytes
    return text
  }
  const parts = [message.structure()]
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    run.spend()
    const below = message.parts(part)
    parts.push(...below.toReversed())
    const one = part
    if (!wanted.some((type) => isOfType(one, type))) continue
    if (one.kind === 'multipart') {
      const boundary = parameterValue(one.parameters, 'boundary') ?? ''
      for (const [i, stream] of message.frame(one).entries()) {
        const { pieces, bytes } = await read(stream, 'raw', () => stream)
        yield { pieces: [beside(pieces.join(''), boundary, i === 0)], bytes }
      }
    } else if (one.kind === 'message') {
      const [inner] = below
      if (inner) yield await read(inner, 'raw', () => message.rawHeader(inner))
    } else {
      const isHtml = one.type === 'text' && one.subtype === 'html'
      const as = reading === 'shown' && isHtml ? 'shown' : 'content'
      yield await read(one, as, () => decoded(run, message, one), charsetOf(one))
    }
  }
}

/** RFC 5173 §5.2: "" is every type; one that begins, ends or is full of slashes is none. */
function isOfType({ type, subtype }: Part, wanted: string): boolean {
  return wanted === '' || wanted === type || wanted === `${type}/${subtype}`
}

/** What stands before the first delimiter, or behind the last one. */
function beside(text: string, boundary: string, isBefore: boolean): string {
  const delimiter = `--${boundary}`
  if (isBefore) {
    const at = text.startsWith(delimiter) ? 0 : text.lastIndexOf(`\n${delimiter}`) + 1
    return text.slice(0, at)
  }
  const at = text.startsWith(delimiter) ? 0 : text.indexOf(`\n${delimiter}`)
  const end = at < 0 ? -1 : text.indexOf('\n', at + 1)
  return end < 0 ? '' : text.slice(end + 1)
}

async function containsAny(
  run: Run,
  { comparator: name }: Matching,
  texts: AsyncIterable<BodyText>,
  keys: readonly string[],
): Promise<boolean> {
  const { fold } = comparators.get(name ?? asciiCasemap.name) ?? asciiCasemap
  const folded = keys.map(fold)
  for await (const { pieces } of texts) {
    if (folded.includes('')) return true
    const finders = folded.map(finderOf)
    for (const piece of pieces) {
      run.spend(1 + (piece.length >> 10))
      const text = fold(piece)
      for (const finder of finders) {
        run.spend(1 + (piece.length >> 13))
        if (finder.push(text)) return true
      }
      const wait = run.pace()
      if (wait !== undefined) await wait
    }
  }
  return false
}
