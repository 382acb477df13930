// Maildirs for tests, file by file as Dovecot writes them.

import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type MaildirMessage = {
  /** In `cur` or `new`, as it is to be called. */
  readonly name: string
  readonly text: string | Uint8Array
  readonly receivedMs?: number
}

/** `folder`: as on the disk, `.Work.2024`; '' is INBOX. `beside`: small files by name. */
export async function writeMaildir(
  root: string,
  folder: string,
  messages: readonly MaildirMessage[],
  beside: { readonly [name: string]: string } = {},
): Promise<void> {
  const directory = join(root, folder)
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(directory, name), { recursive: true })
  for (const { name, text, receivedMs } of messages) {
    const path = join(directory, name)
    await writeFile(path, text)
    if (receivedMs !== undefined) await utimes(path, receivedMs / 1_000, receivedMs / 1_000)
  }
  for (const [name, text] of Object.entries(beside)) await writeFile(join(directory, name), text)
}
