// One `postwolke` command in this process: as an own process would run it, without the wait for its start. A server on the
// same data folder is another process all the same.

import { runCommandLine } from '#services/cli/program.ts'

export type CommandEnd = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function commandLine(
  words: readonly string[],
  {
    input = '',
    environment = {},
    answers,
    columns,
  }: {
    readonly input?: string | Uint8Array
    /** Of a person who sits at the terminal; without, nobody does. */
    readonly answers?: readonly string[]
    readonly columns?: number
    readonly environment?: Readonly<Record<string, string>>
  } = {},
): Promise<CommandEnd> {
  let stdout = ''
  let stderr = ''
  const left = [...(answers ?? [])]
  const answer = (question: string) => {
    stderr += `${question}\n`
    const next = left.shift()
    if (next === undefined) throw new Error(`nobody answers: ${question}`)
    return next
  }
  const person = {
    ask: async (question: string) => answer(question),
    askHidden: async (question: string) => Buffer.from(answer(question)),
  }
  const code = await runCommandLine(words, {
    environment,
    write: (text) => {
      stdout += text
    },
    isTerminal: columns !== undefined,
    columns,
    person: answers === undefined ? undefined : person,
    say: (text) => {
      stderr += text
    },
    readStdin: async () => Buffer.from(input),
  })
  return { code, stdout, stderr }
}
