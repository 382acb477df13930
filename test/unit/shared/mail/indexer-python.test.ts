import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Part } from '#shared/mail/message-index.ts'
import { indexOf } from './index-of.ts'

// Reads messages in hex, one a line; answers for each a line of its parts, depth first: type, bytes and SHA-256 of the body.
const program = `
import email, hashlib, sys
def walk(part):
    yield part.get_content_type()
    payload = part._payload  # get_payload() would decode bytes above 127
    if isinstance(payload, str):
        body = payload.encode('ascii', 'surrogateescape')
        yield '%d:%s' % (len(body), hashlib.sha256(body).hexdigest()[:16])
    else:
        for child in payload:
            yield from walk(child)
for line in sys.stdin:
    print(' '.join(walk(email.message_from_bytes(bytes.fromhex(line.strip())))))
`

const python = spawnSync('python3', ['-c', 'import email'])

type Tree = {
  readonly kind: 'leaf' | 'multipart' | 'message'
  readonly text: string
  readonly parts: readonly Tree[]
}

const text = fc
  .array(
    fc.constantFrom('', 'hello', '--', '--b', '-- ', '.', 'caf\xc3\xa9', '\t', ' x', 'a: b', '=20'),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\r\n'))

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('leaf' as const), text, parts: fc.constant([]) }),
    fc.record({
      kind: fc.constant('multipart' as const),
      text,
      parts: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('message' as const), text, parts: fc.tuple(tie('tree')) }),
  ),
}))

/** A well-formed entity; boundaries are numbered so that none begins another. */
function write({ kind, text: body, parts }: Tree, number = { next: 100 }): string {
  if (kind === 'leaf') return `Content-Type: text/plain\r\n\r\n${body}`
  const written = () => parts.map((part) => write(part, number))
  if (kind === 'message') return `Content-Type: message/rfc822\r\n\r\n${written().join('')}`
  const boundary = `==${number.next++}==`
  const between = written().map((part) => `--${boundary}\r\n${part}\r\n`)
  return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${body}\r\n${between.join('')}--${boundary}--\r\n${body}`
}

function describeParts(part: Part, message: Buffer): string[] {
  const type = `${part.type}/${part.subtype}`
  if (part.kind === 'message') return [type, ...describeParts(part.message, message)]
  if (part.kind === 'multipart') {
    return [type, ...part.parts.flatMap((child) => describeParts(child, message))]
  }
  const body = message.subarray(part.body[0], part.body[0] + part.body[1])
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  return [type, `${body.length}:${hash}`]
}

describe.skipIf(python.status !== 0)("MessageIndexer beside Python's email package", () => {
  it('finds the same parts in well-formed messages', () => {
    const messages = fc
      .sample(tree, { numRuns: 400, seed: 9051 })
      .map((sample) => Buffer.from(`MIME-Version: 1.0\r\n${write(sample)}`, 'latin1'))
    const input = messages.map((message) => message.toString('hex')).join('\n')
    const { stdout } = spawnSync('python3', ['-c', program], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    const expected = stdout.trimEnd().split('\n')
    expect(expected.length).toBe(messages.length)
    for (const [i, message] of messages.entries()) {
      const found = describeParts(indexOf(message).structure, message).join(' ')
      expect(found, message.toString('latin1')).toBe(expected[i])
    }
  })
})
