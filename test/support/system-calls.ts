// The system calls of a process as strace writes them down, in the order in which they ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

export type Trace = AsyncDisposable & {
  /** Lets the process go; one line a call, with the paths of its descriptors. */
  end(): Promise<readonly string[]>
}

/** Not in containers that forbid it, nor for whoever may trace his own children only. */
export async function canTraceCalls(): Promise<boolean> {
  const child = spawn('sleep', ['10'], { stdio: 'ignore' })
  try {
    const trace = await traceCalls(child.pid ?? 0, ['write'])
    await trace[Symbol.asyncDispose]()
    return true
  } catch {
    return false
  } finally {
    child.kill('SIGKILL')
  }
}

/** From now on, of all threads. `calls`: as in strace's `-e trace=`. */
export async function traceCalls(pid: number, calls: readonly string[]): Promise<Trace> {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'calls')
  const strace = spawn(
    'strace',
    ['-f', '-y', '-s', '200', '-e', `trace=${calls.join()}`, '-o', file, '-p', `${pid}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = once(strace, 'exit')
  const said = once(strace.stderr, 'data').then(([text]) => String(text))
  const first = await Promise.race([said, exited.then(() => 'strace ended')])
  if (!first.includes('attached')) throw new Error(first)
  return {
    async end() {
      strace.kill('SIGINT')
      await exited
      return joined((await readFile(file, 'utf8')).split('\n'))
    },
    async [Symbol.asyncDispose]() {
      strace.kill('SIGKILL')
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** What one thread begins and ends while others run stands in two lines: `… <unfinished ...>` and `<... name resumed> …`. */
function joined(lines: readonly string[]): readonly string[] {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [thread = ''] = line.split(' ', 1)
    const unfinished = line.indexOf(' <unfinished ...>')
    if (unfinished >= 0) {
      begun.set(thread, line.slice(0, unfinished))
      return []
    }
    const resumed = line.indexOf(' resumed>')
    if (resumed < 0) return [line]
    return [`${begun.get(thread) ?? ''}${line.slice(resumed + ' resumed>'.length)}`]
  })
}
