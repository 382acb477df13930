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
  }: {
    readonly input?: string | Uint8Array
    readonly environment?: Readonly<Record<string, string>>
  } = {},
): Promise<CommandEnd> {
  let stdout = ''
  let stderr = ''
  const code = await runCommandLine(words, {
    environment,
    write: (text) => {
      stdout += text
    },
    isTerminal: false,
    say: (text) => {
      stderr += text
    },
    readStdin: async () => Buffer.from(input),
  })
  return { code, stdout, stderr }
}
