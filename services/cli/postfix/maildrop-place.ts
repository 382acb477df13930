// The maildrop as a command sees it that may be anybody's and may not read the settings: where it is, and how a message gets into it.

import { join } from 'node:path'
import {
  MAILDROP_FOLDER,
  type MaildropLimits,
  type Submission,
} from '#shared/contracts/maildrop.ts'
import { dataDirectory } from '../context.ts'
import { readSettings } from '../store-context.ts'
import { TooBig, writeMaildropFile } from './maildrop-file.ts'
import { EX_TEMPFAIL, Fatal, type PostfixProcess, who } from './world.ts'

export type Place = { readonly folder: string; readonly limits: MaildropLimits }

/** The variable of the setting is what `postwolke postfix link` writes into its commands. */
export async function findMaildrop(
  process: PostfixProcess,
  data: string | undefined,
): Promise<string> {
  const named = process.environment.POSTWOLKE_MAILDROP_DIRECTORY
  if (named && data === undefined) return named
  const common = data === undefined ? {} : { data }
  const inData = join(dataDirectory(common, process), MAILDROP_FOLDER)
  try {
    const { settings } = await readSettings(common, process)
    return settings.maildropDirectory || inData
  } catch {
    // Not for this user's eyes.
    return inData
  }
}

/** With the words for what may be wrong with that. */
export async function leave(
  { folder, limits }: Place,
  submission: Submission,
  message: AsyncIterable<Uint8Array>,
  process: PostfixProcess,
): Promise<void> {
  try {
    await writeMaildropFile(folder, submission, message, limits.messageSizeLimit)
  } catch (error) {
    if (error instanceof Fatal) throw error
    if (error instanceof TooBig) throw new Fatal(`${who(process)}: ${error.message}`, EX_TEMPFAIL)
    throw new Fatal(`${who(process)}: cannot submit into ${folder}: ${hint(error)}`, EX_TEMPFAIL)
  }
}

function hint(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EACCES') {
    return "permission denied; the administrator opens it with 'postwolke postfix link'"
  }
  if (code === 'ENOENT') return "there is none; 'postwolke serve' makes it when it first starts"
  return error instanceof Error ? error.message : String(error)
}
