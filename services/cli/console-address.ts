// Where the console is that links of a command lead to.

import { type Common, type Context, loadDeployment, outputsFile } from './context.ts'

/** A deployment serves it under another name than its mail. */
export async function consoleOf(
  { settings, process }: Pick<Context, 'settings' | 'process'>,
  options: Common,
): Promise<string> {
  const outputs = outputsFile(options, process)
  const url = outputs && (await (await loadDeployment()).deployedUrl(outputs))
  return url ?? settings.hostname
}
