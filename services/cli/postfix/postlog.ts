// postlog(1): a line of a script in the log of the server.

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { withQueue } from './context.ts'
import { getopt } from './getopt.ts'
import { Fatal, type PostfixCommand, type PostfixProcess } from './world.ts'

const NAME = 'postlog'
const levels = {
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
} as const
const TEXT_CHARACTERS_MAX = 2_000

export const postlog: PostfixCommand = async (words, process) => {
  const given = getopt(words, 'c:ip:t:v')
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal('usage: postlog [-iv] [-c data_folder] [-p priority] [-t tag] [text...]', 1)
  }
  const optionValue = (letter: string) => given.options.findLast(([one]) => one === letter)?.[1]
  const priority = optionValue('p') ?? 'info'
  if (!isLevel(priority)) throw new Fatal(`unknown priority: ${priority}`, 1)
  const tag = optionValue('t') ?? NAME
  const lines = given.rest.length > 0 ? [given.rest.join(' ')] : await inputLines(process)
  await withQueue(process, optionValue('c'), async ({ backend }) => {
    for (const line of lines) {
      const text = line.slice(0, TEXT_CHARACTERS_MAX)
      backend.log[levels[priority]]({ command: tag, reason: text }, 'told by a script')
    }
  })
  return 0
}

const isLevel = (text: string): text is keyof typeof levels => Object.hasOwn(levels, text)

async function inputLines(process: PostfixProcess): Promise<readonly string[]> {
  const text = (await buffer(Readable.from(process.stdin))).toString('utf8')
  return text.split('\n').filter((line) => line !== '')
}
