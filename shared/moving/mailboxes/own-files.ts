// The files of one mailbox. Whoever owns them has put there what he likes, and may change it while it is read: nothing is opened that is not really below
// its root, links are not followed, and what is neither a file nor short enough is not waited for.

import { closeSync, constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { openTrusted, realPathOf } from '../trusted-path.ts'
import { SourceFailure } from './source.ts'

export type OwnFiles = {
  readonly open: (path: Buffer | string) => Promise<OwnFile>
  /** With a character for each byte; undefined where there is no such file. Throws SourceFailure where it cannot be read. */
  readonly text: (path: Buffer | string, bytesMax: number) => Promise<string | undefined>
}

export type OwnFile =
  | { readonly kind: 'file'; readonly file: FileHandle; readonly stats: Stats }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Of a folder, or of one file. */
export function ownFiles(root: string): OwnFiles {
  const base = Buffer.from(realRoot(root))
  const below = Buffer.concat([base, Buffer.from('/')])
  const isOwn = (real: Buffer) => real.equals(base) || real.subarray(0, below.length).equals(below)

  async function openOwn(path: Buffer | string): Promise<OwnFile> {
    let file: FileHandle
    try {
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone' }
      const reason = code === 'ELOOP' ? 'is a link, and links are not followed' : message
      return { kind: 'refused', reason }
    }
    try {
      const stats = await file.stat()
      const reason = !isOwn(realPathOf(file.fd))
        ? 'a link leads there, and links are not followed'
        : !stats.isFile()
          ? 'is no file'
          : undefined
      if (reason === undefined) return { kind: 'file', file, stats }
      await file.close()
      return { kind: 'refused', reason }
    } catch (error) {
      await file.close()
      return { kind: 'refused', reason: (error as Error).message }
    }
  }

  return {
    open: openOwn,
    async text(path, bytesMax) {
      const own = await openOwn(path)
      if (own.kind === 'gone') return undefined
      const unreadable = (reason: string) => new SourceFailure(`cannot read ${path}: ${reason}`)
      if (own.kind === 'refused') throw unreadable(own.reason)
      await using file = own.file
      if (own.stats.size > bytesMax) throw unreadable(`it has more than ${bytesMax} bytes`)
      return await file.readFile('latin1').catch((error) => {
        throw unreadable(error.message)
      })
    },
  }
}

function realRoot(root: string): string {
  let opened: ReturnType<typeof openTrusted>
  try {
    opened = openTrusted(root)
  } catch (error) {
    throw new SourceFailure(`cannot read ${root}: ${(error as Error).message}`)
  }
  if ('reason' in opened) throw new SourceFailure(`cannot read ${root}: ${opened.reason}`)
  closeSync(opened.file)
  return opened.real
}
