// The maildrop on disk. Everybody may make files in it; nobody but the server may list it, and a file is its maker's alone to change.
// A file is claimed by moving it under a queue id into a folder that is the server's own, so that a message has one id however often the
// server dies with it.

import { constants, type Stats } from 'node:fs'
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { LIMITS_FILE, type MaildropLimits } from '#shared/contracts/maildrop.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'

/** Sticky: of others' files nobody takes any away. Group of the folder for all files: so the server may read what is others'. */
const FOLDER_MODE = 0o3733
const OWN_FOLDER_MODE = 0o700
const LIMITS_MODE = 0o644
const TAKEN = 'taken'
const CORRUPT = 'corrupt'
/** Read by its group: what says that a file is whole. */
const GROUP_READS = 0o040
/** After this a file is not written any more. */
const BEGUN_MS_MAX = 24 * 3_600_000

export type Waiting = { readonly name: string; readonly isWhole: boolean }

export class MaildropFolder {
  readonly path: string

  /** Whether users other than the server's may leave files. */
  readonly isForAll: boolean

  private constructor(path: string, isForAll: boolean) {
    this.path = path
    this.isForAll = isForAll
  }

  /** Makes it where it is not there. */
  static async open(path: string): Promise<MaildropFolder> {
    await makeFolders(path)
    // systemd's RestrictSUIDSGID= lets no service set the bit; a folder that has it stays as it is.
    const isOpen = await hasMode(path, FOLDER_MODE)
    if (!isOpen) await chmod(path, FOLDER_MODE).catch(() => undefined)
    return new MaildropFolder(path, isOpen || (await hasMode(path, FOLDER_MODE)))
  }

  /** The same made by root for the user of the server, who then finds it open. */
  static async prepare(path: string, owner: { uid: number; gid: number }): Promise<void> {
    await makeFolders(path)
    // Whoever owns the folder may have put a link there: root gives away nothing that it leads to.
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
    for (const folder of [join(path, TAKEN), join(path, CORRUPT), path]) {
      await using handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      await handle.chown(owner.uid, owner.gid)
      // Another owner takes the bit away.
      if (folder === path) await handle.chmod(FOLDER_MODE)
    }
  }

  async tellLimits(limits: MaildropLimits): Promise<void> {
    const path = join(this.path, LIMITS_FILE)
    const begun = join(this.path, TAKEN, LIMITS_FILE)
    await writeFile(begun, `${JSON.stringify(limits)}\n`)
    await chmod(begun, LIMITS_MODE)
    await rename(begun, path)
  }

  /** Some of the files that are whole; those that nobody writes any more are set aside. */
  async whole(max: number, nowMs: number): Promise<readonly string[]> {
    const names: string[] = []
    for await (const entry of await opendir(this.path)) {
      if (names.length >= max) break
      if (ownNames.includes(entry.name)) continue
      const facts = await lstat(join(this.path, entry.name)).catch(() => undefined)
      if (facts === undefined) continue
      if (isWhole(facts)) names.push(entry.name)
      else if (nowMs - facts.mtimeMs > BEGUN_MS_MAX) await this.#setAside(entry.name)
    }
    return names
  }

  /** False when it is gone. */
  async claim(name: string, queueId: QueueId): Promise<boolean> {
    try {
      await rename(join(this.path, name), join(this.path, TAKEN, queueId))
      return true
    } catch {
      return false
    }
  }

  /** Claimed, and not done with. */
  async claimed(): Promise<readonly QueueId[]> {
    const names = await readdir(join(this.path, TAKEN))
    return names.flatMap((name) => parseQueueId(name) ?? [])
  }

  /** Never waits: whoever makes a pipe of the name is not waited for. */
  openClaimed(queueId: QueueId): Promise<FileHandle> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    return open(join(this.path, TAKEN, queueId), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  }

  async remove(queueId: QueueId): Promise<void> {
    await rm(join(this.path, TAKEN, queueId))
  }

  async setClaimedAside(queueId: QueueId): Promise<void> {
    await rename(join(this.path, TAKEN, queueId), join(this.path, CORRUPT, queueId))
  }

  /** What was moved and removed stays so after a power cut. */
  async sync(): Promise<void> {
    for (const folder of [this.path, join(this.path, TAKEN)]) {
      await using handle = await open(folder)
      await handle.sync()
    }
  }

  /** Its name is somebody else's choice, and perhaps taken there. */
  async #setAside(name: string): Promise<void> {
    await rename(join(this.path, name), join(this.path, CORRUPT, `begun-${name}`)).catch(
      () => undefined,
    )
  }
}

/** Before anybody else may make something of these names. */
async function makeFolders(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: OWN_FOLDER_MODE })
  for (const own of [TAKEN, CORRUPT]) {
    await mkdir(join(path, own), { mode: OWN_FOLDER_MODE }).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function hasMode(path: string, mode: number): Promise<boolean> {
  return ((await stat(path)).mode & 0o7777) === mode
}

const ownNames: readonly string[] = [TAKEN, CORRUPT, LIMITS_FILE]

const isWhole = (facts: Stats) => facts.isFile() && (facts.mode & GROUP_READS) !== 0
