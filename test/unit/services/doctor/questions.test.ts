// What a doctor asks others over the network, of servers that the test makes.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { clockAheadMs } from '#services/doctor/network-time.ts'
import { smtpWords } from '#services/doctor/smtp-words.ts'

async function smtpHost(say: (line: string | undefined) => string | undefined) {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const answer = (line?: string) => {
      const text = say(line)
      if (text === undefined) socket.destroy()
      else socket.write(text)
    }
    socket.on('data', (chunk) => {
      for (const line of String(chunk).split('\r\n').slice(0, -1)) {
        heard.push(line)
        answer(line)
      }
    })
    answer()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    at: { host: '127.0.0.1', port },
    heard,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

describe('words with a mail host', () => {
  it('are said one after the other', async () => {
    await using host = await smtpHost((line) =>
      line === undefined
        ? '220 hi\r\n'
        : line === 'EHLO us'
          ? '250-there\r\n250 SIZE\r\n'
          : '221 bye\r\n',
    )
    expect(await smtpWords(host.at, ['EHLO us', 'QUIT'], 5_000)).toEqual([
      '220 hi',
      '250-there / SIZE',
      '221 bye',
    ])
    expect(host.heard).toEqual(['EHLO us', 'QUIT'])
  })

  it('end with what is refused', async () => {
    await using host = await smtpHost((line) => (line === undefined ? '220 hi\r\n' : '554 no\r\n'))
    expect(await smtpWords(host.at, ['EHLO us', 'QUIT'], 5_000)).toEqual(['220 hi', '554 no'])
    expect(host.heard).toEqual(['EHLO us'])
  })

  it.each([
    ['hangs up', () => undefined, 'hung up'],
    ['says nothing', () => '', 'no answer in time'],
    ['says too much', () => `220-${'x'.repeat(20_000)}`, 'too long a reply'],
  ])('with one that %s come to nothing', async (_, say, why) => {
    await using host = await smtpHost(say)
    await expect(smtpWords(host.at, [], 200)).rejects.toThrow(why)
  })
})

describe('the time of others', () => {
  async function timeServer(answer: (question: Buffer) => Buffer | undefined) {
    const socket = createSocket('udp4')
    socket.on('message', (question, from) => {
      const text = answer(question)
      if (text !== undefined) socket.send(text, from.port, from.address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return {
      at: { host: '127.0.0.1', port: socket.address().port },
      [Symbol.asyncDispose]: async () => void socket.close(),
    }
  }

  /** RFC 4330 §4, with this time in seconds since 1970. */
  const told = (question: Buffer, seconds: number, stratum = 2) => {
    const answer = Buffer.alloc(48)
    answer[0] = 0b00_100_100
    answer[1] = stratum
    question.copy(answer, 24, 40, 48)
    answer.writeUInt32BE(seconds + 2_208_988_800, 40)
    answer.writeUInt32BE(2 ** 31, 44)
    return answer
  }
  const ours = { now: () => 1_800_000_000_000, timeoutMs: 5_000 }
  /** For what has no answer. */
  const hasty = { ...ours, timeoutMs: 200 }

  it('is told apart from ours', async () => {
    await using server = await timeServer((question) => told(question, 1_800_000_060))
    expect(await clockAheadMs(server.at, ours)).toBe(-60_500)
  })

  it.each([
    ['answers nothing', () => undefined, 'does not answer'],
    ['answers somebody else', () => told(Buffer.alloc(48), 1), 'does not answer'],
    ['says too little', (question: Buffer) => question.subarray(0, 40), 'does not answer'],
    ['does not want to be asked', (question: Buffer) => told(question, 1, 0), 'knows no time'],
  ])('is not known of one that %s', async (_, answer, why) => {
    await using server = await timeServer(answer)
    const patience = why === 'does not answer' ? hasty : ours
    await expect(clockAheadMs(server.at, patience)).rejects.toThrow(why)
  })
})
