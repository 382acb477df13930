// Exports of mailboxes as archives, written by Python's zipfile: another hand than the one that reads them here.

import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Manner = 'plain' | 'streamed' | 'zip64' | 'stored'

const program = fileURLToPath(new URL('./python/zip_export.py', import.meta.url))

export function writeArchive(
  path: string,
  files: { readonly [name: string]: string | Uint8Array },
  manner: Manner = 'plain',
): void {
  const input = Object.entries(files).map(([name, content]) => [
    name,
    Buffer.from(content).toString('base64'),
  ])
  execFileSync('python3', [program, path, manner], {
    input: JSON.stringify(Object.fromEntries(input)),
  })
}

export async function archiveOf(
  files: { readonly [name: string]: string | Uint8Array },
  manner?: Manner,
): Promise<Buffer> {
  await using folder = await temporaryFolder()
  const path = `${folder.path}/export.zip`
  writeArchive(path, files, manner)
  return await readFile(path)
}

/** `asked`: the ranges that were read, as `offset+length`. */
export function rangesOf(bytes: Uint8Array, asked: string[] = []): ByteRanges {
  return {
    size: bytes.length,
    async read(offset, length) {
      asked.push(`${offset}+${length}`)
      return bytes.subarray(offset, offset + length)
    },
    close: async () => undefined,
  }
}
