// A MessageIndex as text to read: what the files *.structure.txt beside the fixture messages hold. One paragraph for the
// message, then one for each part with the part number an IMAP client would fetch it by (RFC 9051 §6.4.5). Spans are shown
// by their length and the bytes at both ends, so that an eye can check them against the message.

import type {
  Envelope,
  EnvelopeAddress,
  MessageIndex,
  Parameters,
  Part,
  Span,
} from '#shared/mail/message-index.ts'

export function describeIndex(index: MessageIndex, message: Uint8Array): string {
  const text = Buffer.from(message).toString('latin1')
  const facts = [
    `${index.bytes} bytes`,
    `${index.lines} lines`,
    `header ${index.headerBytes}`,
    `longest line ${index.lineBytesMax}`,
    `received ${index.receivedFields}`,
    ...(index.eightBit ? ['8-bit'] : []),
    ...(index.containsNul ? ['NUL'] : []),
    ...(index.repeatsFields ? ['repeats fields'] : []),
  ]
  return [
    facts.join(', '),
    `has ${index.has.join(' ')}`.trimEnd(),
    ...index.deliveredTo.map((address) => `delivered-to ${address}`),
    ...describeEnvelope(index.envelope),
    ...describePart(index.structure, '', text),
    '',
  ].join('\n')
}

function describeEnvelope(envelope: Envelope): string[] {
  return [
    ...named('date', envelope.date),
    ...named('subject', envelope.subject),
    ...list('from', envelope.from),
    ...(envelope.sender === envelope.from ? [] : list('sender', envelope.sender)),
    ...(envelope.replyTo === envelope.from ? [] : list('reply-to', envelope.replyTo)),
    ...list('to', envelope.to),
    ...list('cc', envelope.cc),
    ...list('bcc', envelope.bcc),
    ...named('in-reply-to', envelope.inReplyTo),
    ...named('message-id', envelope.messageId),
  ]
}

function named(name: string, value: string | null): string[] {
  return value === null ? [] : [`${name} ${quoted(value)}`]
}

function list(name: string, addresses: readonly EnvelopeAddress[] | null): string[] {
  return addresses === null ? [] : [`${name} ${addresses.map(describeAddress).join(' ')}`]
}

/** `"name" <@route:mailbox@host>`, a group as `{"name"` … `}`. */
export function describeAddress({ name, route, mailbox, host }: EnvelopeAddress): string {
  if (host === null) return mailbox === null ? '}' : `{${quoted(mailbox)}`
  const address = `<${route === null ? '' : `${readable(route)}:`}${readable(mailbox ?? '')}@${readable(host)}>`
  return name === null ? address : `${quoted(name)} ${address}`
}

function describePart(part: Part, number: string, text: string): string[] {
  const lines = [
    '',
    `${number === '' ? 'message' : `part ${number}`}: ${part.type}/${part.subtype}${parameters(part.parameters)}`,
    ...(part.encoding === '7bit' ? [] : [`  encoding ${part.encoding}`]),
    ...named('  id', part.id),
    ...named('  description', part.description),
    ...named('  md5', part.md5),
    ...(part.disposition === null
      ? []
      : [`  disposition ${part.disposition.type}${parameters(part.disposition.parameters)}`]),
    ...(part.language === null ? [] : [`  language ${part.language.join(' ')}`]),
    ...named('  location', part.location),
    `  header ${span(part.header, text)}`,
    `  body ${span(part.body, text)}, ${part.lines} lines`,
  ]
  switch (part.kind) {
    case 'leaf':
      return number === '' ? [...lines, '  fetched as part 1'] : lines
    case 'multipart':
      return [
        ...lines,
        ...part.parts.flatMap((child, i) => describePart(child, join(number, i + 1), text)),
      ]
    case 'message': {
      const inner = describeEnvelope(part.envelope).map((line) => `  ${line}`)
      // The body of a message that is no multipart is part 1 of it; a multipart has no number of its own.
      const child = part.message.kind === 'multipart' ? number : join(number || '1', 1)
      const [blank = '', head = '', ...rest] = describePart(part.message, child, text)
      const title =
        part.message.kind === 'multipart' ? head.replace(/^[^:]*/, `message in ${number}`) : head
      return [...lines, ...inner, blank, title, ...rest]
    }
  }
}

function join(number: string, child: number): string {
  return number === '' ? `${child}` : `${number}.${child}`
}

function parameters(pairs: Parameters): string {
  return pairs.map(([name, value]) => `; ${readable(name)}=${quoted(value)}`).join('')
}

const SHOWN_BYTES = 24

function span([offset, length]: Span, text: string): string {
  const bytes = text.slice(offset, offset + length)
  if (length === 0) return '0 bytes'
  if (length <= 2 * SHOWN_BYTES) return `${length} bytes ${quoted(bytes)}`
  return `${length} bytes ${quoted(bytes.slice(0, SHOWN_BYTES))} … ${quoted(bytes.slice(-SHOWN_BYTES))}`
}

function quoted(text: string): string {
  return readable(JSON.stringify(text))
}

/** Bytes above 127 as \xNN. */
function readable(text: string): string {
  return text.replace(/[\x7f-\xff]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`)
}
