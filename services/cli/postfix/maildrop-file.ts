// A message put into the maildrop: its file is made under a name that nobody has, written, made durable, and only then readable for the
// server. A server that does not run finds it when it starts.

import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BEGUN_FILE_MODE,
  encodeSubmission,
  LIMITS_FILE,
  type MaildropLimits,
  parseLimits,
  SUBMISSION_LINE_BYTES_MAX,
  type Submission,
  WHOLE_FILE_MODE,
} from '#shared/contracts/maildrop.ts'

/** It has more than the server takes. */
export class TooBig extends Error {
  override readonly name = 'TooBig'
}

export async function writeMaildropFile(
  folder: string,
  submission: Submission,
  message: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<void> {
  const line = encodeSubmission(submission)
  if (line.length > SUBMISSION_LINE_BYTES_MAX) throw new TooBig('too many recipients')
  const path = join(folder, randomUUID())
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, BEGUN_FILE_MODE)
  try {
    await file.writeFile(line)
    let bytes = 0
    for await (const chunk of message) {
      bytes += chunk.length
      if (bytes > bytesMax) throw new TooBig('message file too big')
      await writeWhole(file, chunk)
    }
    // A new file that is synced is in its folder too, on the file systems that mail is put on; Postfix relies on it as well.
    await file.sync()
    await file.chmod(WHOLE_FILE_MODE)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    at += (await file.write(chunk, at, chunk.length - at)).bytesWritten
  }
}

/** What the server takes; undefined where it never ran on this folder. */
export async function readLimits(folder: string): Promise<MaildropLimits | undefined> {
  const text = await readFile(join(folder, LIMITS_FILE), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseLimits(text)
}
