// What a command costs from its start to its end, beside a Node that does nothing, in time of the processor that others on the machine do not
// lengthen: the best and the middle of some rounds, each command by turns, after one round that fills the cache of compiled modules.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const main = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))

const commands = [
  'queue list',
  'domain list',
  'account list',
  'alias list',
  'config show --changed',
  '--version',
  '--help',
]

export async function benchStart(rounds: number): Promise<void> {
  await using folder = await temporaryFolder()
  const data = ['--data', `${folder.path}/data`]
  await took([main, 'domain', 'add', 'example.test', ...data])
  const all: { readonly [name: string]: readonly string[] } = {
    'node -e 0': ['-e', '0'],
    ...Object.fromEntries(
      commands.map((line) => {
        const where = line.startsWith('--') ? [] : data
        return [`postwolke ${line}`, [main, ...line.split(' '), ...where]]
      }),
    ),
  }
  const times = new Map<string, number[]>(Object.keys(all).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, words] of Object.entries(all)) {
      const ms = await took(words)
      if (round > 0) times.get(name)?.push(ms)
    }
  }
  for (const [name, found] of times) {
    const sorted = found.toSorted((a, b) => a - b)
    const [best = 0] = sorted
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0
    console.log(`${name.padEnd(34)} best ${best.toFixed(0)} ms, middle ${middle.toFixed(0)} ms`)
  }
}

/** Written to descriptor 3 as the process ends. */
const TELL =
  "data:text/javascript,import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().userCPUTime)))"

/** Milliseconds in user mode. */
async function took(words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['--import', TELL, ...words], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const pipe = child.stdio[3]
  if (!(pipe instanceof Readable)) throw new Error('no pipe')
  const [told, [code]] = await Promise.all([text(pipe), once(child, 'exit')])
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`)
  return Number(told) / 1_000
}
