// What the files of a message are called, as whoever opens them will call them: by Content-Disposition and Content-Type, in sections, in
// extended and in encoded words (RFC 2183 §2.3, RFC 2231, RFC 2047, which mailers use against §5).

import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { Parameters, Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'

type Leaf = Extract<Part, { kind: 'leaf' }>

export function leavesOf(part: Part): readonly Leaf[] {
  switch (part.kind) {
    case 'leaf':
      return [part]
    case 'multipart':
      return part.parts.flatMap(leavesOf)
    case 'message':
      return leavesOf(part.message)
  }
}

/** All that a part says it is called: which of them a mailer believes nobody knows. */
export function fileNames({ parameters, disposition }: Pick<Part, 'parameters' | 'disposition'>) {
  const found = [
    ...valuesOf(disposition?.parameters ?? [], 'filename'),
    ...valuesOf(parameters, 'name'),
  ]
  return [...new Set(found.map(decodeHeaderText))]
}

function valuesOf(parameters: Parameters, name: string): readonly string[] {
  const plain = parameters.filter(([attribute]) => attribute.toLowerCase() === name)
  const others = parameters.filter(([attribute]) => attribute.toLowerCase() !== name)
  const extended = parameterValue(others, name)
  return [...plain.map(([, value]) => value), ...(extended === null ? [] : [extended])]
}

/**
 * The ending, in lower case; '' where there is none. What Windows leaves out of a name at its end, or does not show, does not count: dots
 * and blanks, a stream behind a colon, characters that only direct others.
 */
export function fileType(name: string): string {
  const seen = name.replace(/[\p{Cc}\p{Cf}]/gu, '')
  const file = seen.split(/[/\\]/).at(-1) ?? ''
  const [stem = ''] = file.split(':')
  let end = stem.length
  while (end > 0 && /[\s."']/.test(stem[end - 1] ?? '')) end--
  const bare = stem.slice(0, end)
  const dot = bare.lastIndexOf('.')
  return dot === -1
    ? ''
    : bare
        .slice(dot + 1)
        .trim()
        .toLowerCase()
}
