import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { parseTranscript } from '#test/transcripts/parser.ts'
import { playTranscript } from '#test/transcripts/player.ts'

/** Answers each line with itself in angle brackets, `bye` by closing. */
function echo(socket: Socket): void {
  let text = ''
  socket.write('hello\r\n')
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (line === 'bye') socket.end()
      else socket.write(`<${line}>\r\n`, 'latin1')
    }
  })
}

async function play(text: string, chunking: 'whole' | 'byte by byte' = 'whole'): Promise<void> {
  await playTranscript(parseTranscript(text), chunking, {
    async connect() {
      const server = createServer(echo).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('not TCP')
      return {
        port: address.port,
        variables: { given: 'value' },
        close: async () => void server.close(),
      }
    },
  })
}

describe('playTranscript', () => {
  it.each(['whole', 'byte by byte'] as const)('plays what fits, %s', async (chunking) => {
    await play(
      [
        '# a comment',
        'header: value',
        '',
        'S: hello',
        'C: id 42 $given $$x',
        'S: <id $number value $x>',
        'C: same $number',
        'S: <same $number>',
        'S! ""',
        'C! "raw\\u00ff\\r\\n"',
        'S! "<raw\\u00ff>\\r\\n"',
        'C* 2 "again\\r\\n"',
        'S* 2 "<again>\\r\\n"',
        'C: any thing',
        'S: <any ~',
        '2S: hello',
        '2C:',
        '2S: <>',
        'C: bye',
        'S: EOF',
      ].join('\n'),
      chunking,
    )
  })

  it.each([
    ['a wrong line', 'S: hullo'],
    ['a line that has more', 'S: hell'],
    ['a wrong prefix', 'S: hullo~'],
    ['an unexpected line at the end', 'S: hello\nC: a\nC: b\nS: <a>'],
    ['a close that came too early', 'S: hello\nC: bye\nS: more'],
    ['bytes before the close', 'C: bye\nS: EOF'],
    ['a capture that differs', 'S: $word\nC: x\nS: <$word>'],
  ])('fails for %s', async (_, dialogue) => {
    await expect(play(`\n${dialogue}`)).rejects.toThrow()
  })
})

describe('parseTranscript', () => {
  it.each([
    ['a step in the header', 'S: 220 x\n'],
    ['a header line twice', 'a: 1\na: 2\n\nS: x'],
    ['no dialogue', 'a: 1\n'],
    ['an unknown step', '\nX: y'],
    ['a character that is no byte', '\nC! "\u20ac"'],
  ])('refuses %s', (_, text) => {
    expect(() => parseTranscript(text)).toThrow()
  })
})
