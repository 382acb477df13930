// What FETCH asks for: fetch-att of RFC 9051 §6.4.5 and RFC 3501, with BINARY (RFC 3516), MODSEQ, CHANGEDSINCE and VANISHED
// (RFC 7162), PREVIEW (RFC 8970), SAVEDATE (RFC 8514), EMAILID and THREADID (RFC 8474), PARTIAL (RFC 9394).

import type { PartPath, Section } from '#shared/mail/section.ts'
import type { Cursor } from './cursor.ts'
import { type PartialRange, parsePartialRange } from './partial-range.ts'
import { type Partial, parseBinarySection, parsePartial, parseSection } from './section.ts'

export type FetchAtt =
  | {
      readonly kind:
        | 'envelope'
        | 'flags'
        | 'internaldate'
        | 'rfc822.size'
        | 'uid'
        | 'modseq'
        | 'savedate'
        | 'emailid'
        | 'threadid'
        /** BODY without a section: the structure without extension data. */
        | 'body'
        | 'bodystructure'
        /** RFC 3501: BODY[], BODY.PEEK[HEADER] and BODY[TEXT] under an old name. */
        | 'rfc822'
        | 'rfc822.header'
        | 'rfc822.text'
    }
  | {
      readonly kind: 'body-section'
      readonly section: Section
      readonly partial: Partial | null
      /** BODY.PEEK: \Seen is not set. */
      readonly peek: boolean
    }
  | {
      readonly kind: 'binary'
      readonly part: PartPath
      readonly partial: Partial | null
      readonly peek: boolean
    }
  | { readonly kind: 'binary.size'; readonly part: PartPath }
  | { readonly kind: 'preview'; readonly lazy: boolean }

export type FetchArguments = {
  readonly atts: readonly FetchAtt[]
  readonly changedSince: number | null
  readonly vanished: boolean
  readonly partial: PartialRange | null
}

const simpleAtts = {
  ENVELOPE: { kind: 'envelope' },
  FLAGS: { kind: 'flags' },
  INTERNALDATE: { kind: 'internaldate' },
  'RFC822.SIZE': { kind: 'rfc822.size' },
  UID: { kind: 'uid' },
  MODSEQ: { kind: 'modseq' },
  SAVEDATE: { kind: 'savedate' },
  EMAILID: { kind: 'emailid' },
  THREADID: { kind: 'threadid' },
  BODYSTRUCTURE: { kind: 'bodystructure' },
  RFC822: { kind: 'rfc822' },
  'RFC822.HEADER': { kind: 'rfc822.header' },
  'RFC822.TEXT': { kind: 'rfc822.text' },
} as const satisfies { readonly [name: string]: FetchAtt }
const attsByName: ReadonlyMap<string, FetchAtt> = new Map(Object.entries(simpleAtts))

// RFC 9051 §6.4.5: macros, which stand alone.
const fast: readonly FetchAtt[] = [
  simpleAtts.FLAGS,
  simpleAtts.INTERNALDATE,
  simpleAtts['RFC822.SIZE'],
]
const all: readonly FetchAtt[] = [...fast, simpleAtts.ENVELOPE]
const macros: ReadonlyMap<string, readonly FetchAtt[]> = new Map([
  ['ALL', all],
  ['FAST', fast],
  ['FULL', [...all, { kind: 'body' }]],
])

// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
//         [SP fetch-modifiers]; here from fetch-att on
export function parseFetchArguments(cursor: Cursor): FetchArguments {
  const atts = parseFetchAtts(cursor)
  let changedSince: number | null = null
  let vanished = false
  let partial: PartialRange | null = null
  // fetch-modifiers = "(" fetch-modifier *(SP fetch-modifier) ")" (RFC 4466 §2.4)
  if (cursor.takesSpaceBefore('(')) {
    cursor.list(() => {
      const name = cursor.keyword()
      switch (name) {
        case 'CHANGEDSINCE':
          if (changedSince !== null) cursor.fail('CHANGEDSINCE given twice')
          cursor.space()
          changedSince = cursor.modSequence()
          return
        case 'VANISHED':
          vanished = true
          return
        case 'PARTIAL':
          if (partial !== null) cursor.fail('PARTIAL given twice')
          cursor.space()
          partial = parsePartialRange(cursor)
          return
        default:
          cursor.fail('unknown fetch modifier')
      }
    })
  }
  // RFC 7162 §3.2.6
  if (vanished && changedSince === null) cursor.fail('VANISHED needs CHANGEDSINCE')
  return { atts, changedSince, vanished, partial }
}

/** Attributes of one command: each can mean the whole message to be looked through. */
export const FETCH_ATTS_MAX = 1_000

/** One attribute, a list of them or a macro, which is expanded. */
export function parseFetchAtts(cursor: Cursor): readonly FetchAtt[] {
  if (cursor.sees('(')) return parseFetchAttList(cursor)
  const macro = macros.get(cursor.peekKeyword())
  if (macro === undefined) return [parseFetchAtt(cursor)]
  cursor.keyword()
  return macro
}

export function parseFetchAttList(cursor: Cursor): readonly FetchAtt[] {
  const atts = cursor.list(() => parseFetchAtt(cursor))
  if (atts.length > FETCH_ATTS_MAX) cursor.fail('too many items')
  return atts
}

export function parseFetchAtt(cursor: Cursor): FetchAtt {
  const name = cursor.keyword()
  const att = attsByName.get(name)
  if (att !== undefined) return att
  switch (name) {
    case 'BODY':
      if (!cursor.sees('[')) return { kind: 'body' }
      return bodySection(cursor, false)
    case 'BODY.PEEK':
      return bodySection(cursor, true)
    case 'BINARY':
    case 'BINARY.PEEK': {
      const part = parseBinarySection(cursor)
      return { kind: 'binary', part, partial: parsePartial(cursor), peek: name !== 'BINARY' }
    }
    case 'BINARY.SIZE':
      return { kind: 'binary.size', part: parseBinarySection(cursor) }
    case 'PREVIEW':
      return { kind: 'preview', lazy: previewIsLazy(cursor) }
    default:
      return cursor.fail('unknown fetch attribute')
  }
}

function bodySection(cursor: Cursor, peek: boolean): FetchAtt {
  const section = parseSection(cursor)
  return { kind: 'body-section', section, partial: parsePartial(cursor), peek }
}

// "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"], preview-mod = "LAZY" (RFC 8970 §6)
function previewIsLazy(cursor: Cursor): boolean {
  if (!cursor.takesSpaceBefore('(')) return false
  cursor.list(() => {
    if (cursor.keyword() !== 'LAZY') cursor.fail('unknown preview modifier')
  })
  return true
}
