// postqueue(1) and mailq(1): the queue listed in Postfix's form, and tried again.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSubmission } from '#shared/contracts/maildrop.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { whoServes } from '#shared/storage/embedded/serving-lock.ts'
import { dataDirectory } from '../context.ts'
import { refused } from '../refusal-text.ts'
import { withQueue } from './context.ts'
import { getopt } from './getopt.ts'
import { findMaildrop } from './maildrop-place.ts'
import {
  jsonEntry,
  type Listed,
  listedOf,
  mailqCount,
  mailqEntry,
  QUEUE_HEADING,
} from './queue-text.ts'
import { EX_UNAVAILABLE, Fatal, type PostfixCommand, type PostfixProcess, warn } from './world.ts'

const NAME = 'postqueue'
const USAGE =
  'usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site'

/** sendmail's, whose other options mean nothing here. */
export const mailq: PostfixCommand = (_words, process) => list(process, undefined, false)

export const postqueue: PostfixCommand = async (words, process) => {
  const given = getopt(words, 'c:fi:jps:v')
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal(USAGE, EX_UNAVAILABLE)
  }
  const data = given.options.find(([letter]) => letter === 'c')?.[1]
  const verbs = given.options.filter(([letter]) => letter !== 'c' && letter !== 'v')
  const [verb, more] = verbs
  if (verb === undefined || more !== undefined || given.rest.length > 0)
    throw new Fatal(USAGE, EX_UNAVAILABLE)
  const [letter, value] = verb
  switch (letter) {
    case 'p':
      return list(process, data, false)
    case 'j':
      return list(process, data, true)
    case 'i':
      if (!/^[A-Za-z0-9]+$/.test(value)) {
        throw new Fatal(`Cannot flush queue ID - invalid name: "${value}"`, EX_UNAVAILABLE)
      }
      // One that is not there, as in Postfix, is nothing to complain of.
      return flush(process, data, parseQueueId(value.toUpperCase()) ?? NOBODY)
    case 's':
      return flush(process, data, value)
    default:
      return flush(process, data, undefined)
  }
}

/** The id of no message. */
const NOBODY = parseQueueId('000000000000000000') ?? ''

async function flush(
  process: PostfixProcess,
  data: string | undefined,
  to: string | undefined,
): Promise<number> {
  if (!(await isRunning(process, data))) {
    throw new Fatal('Cannot flush mail queue - mail system is down', EX_UNAVAILABLE)
  }
  await withQueue(process, data, ({ administration }) => administration.queue.flush(to))
  return 0
}

async function list(
  process: PostfixProcess,
  data: string | undefined,
  isJson: boolean,
): Promise<number> {
  if (!(await isRunning(process, data))) {
    warn(process, NAME, 'Mail system is down -- accessing queue directly')
  }
  let bytes = 0
  let requests = 0
  const print = (message: Listed) => {
    if (!isJson && requests === 0) process.write(`${QUEUE_HEADING}\n`)
    requests++
    bytes += message.bytes
    process.write(isJson ? jsonEntry(message) : mailqEntry(message))
  }
  await withQueue(process, data, async ({ administration }) => {
    for await (const waiting of submitted(process, data)) print(waiting)
    const listed = administration.queue.list({})
    if (listed.kind !== 'queue') throw refused(listed)
    for await (const message of listed.messages) print(listedOf(message))
  })
  if (!isJson) process.write(requests === 0 ? 'Mail queue is empty\n' : mailqCount(bytes, requests))
  return 0
}

/** On AWS there always is one. */
async function isRunning(process: PostfixProcess, data: string | undefined): Promise<boolean> {
  if (data === undefined && process.environment.POSTWOLKE_AWS) return true
  const directory = dataDirectory(data === undefined ? {} : { data }, process)
  return (await whoServes(directory).catch(() => undefined)) !== undefined
}

/** What waits in the maildrop, for who may look there. */
async function* submitted(
  process: PostfixProcess,
  data: string | undefined,
): AsyncGenerator<Listed> {
  const folder = await findMaildrop(process, data)
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const path = join(folder, name)
    const facts = await stat(path).catch(() => undefined)
    if (!facts?.isFile()) continue
    const text = await readFile(path, 'utf8').catch(() => '')
    const line = text.slice(0, text.indexOf('\n'))
    const submission = parseSubmission(line)
    if (submission === undefined) continue
    yield {
      queueName: 'maildrop',
      queueId: name,
      arrivedMs: facts.mtimeMs,
      bytes: facts.size - Buffer.byteLength(line) - 1,
      isExpired: false,
      sender: submission.sender ?? `uid ${facts.uid}`,
      recipients: submission.recipients.map((address) => ({ address, reason: null })),
    }
  }
}
