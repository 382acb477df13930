// Our Postfix's commands, each as a process of its own, as scripts run them.

import { fileURLToPath } from 'node:url'
import { type Ended, runProgram } from './program.ts'

const main = fileURLToPath(new URL('../../services/cli/postfix/main.ts', import.meta.url))

export const runOurs = (
  data: string,
  name: string,
  words: readonly string[],
  input: string | Uint8Array = '',
): Promise<Ended> =>
  runProgram(process.execPath, [main, name, ...words], {
    input,
    environment: { POSTWOLKE_DATA: data },
  })
