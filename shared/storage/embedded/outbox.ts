// The sending end of signals between processes: appends lines to the inboxes of the other processes on this data folder.
// The list of inboxes is read again whenever the folder changed; inboxes of dead processes are removed.

import { constants, type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#shared/runtime/log.ts'
import { formatLine, INBOX_BYTES_MAX, INBOX_SUFFIX } from './inbox.ts'

/** Lines waiting to be written; beyond this, hints are lost. */
const WAITING_BYTES_MAX = 256 * 1024
const { O_APPEND, O_WRONLY } = constants

export class Outbox {
  readonly #folder: string
  readonly #log: Log
  readonly #ownInbox: string
  readonly #peers = new Map<string, FileHandle>()
  readonly #watcher: FSWatcher | undefined
  #listed = false
  #waiting: string[] = []
  #waitingBytes = 0
  #flushing: Promise<void> | undefined

  constructor(folder: string, log: Log, ownInbox: string) {
    this.#folder = folder
    this.#log = log
    this.#ownInbox = ownInbox
    this.#watcher = this.#watch()
  }

  post(topic: string, hint: string): void {
    if (this.#listed && this.#peers.size === 0) return
    const line = formatLine(topic, hint)
    if (this.#waitingBytes + line.length > WAITING_BYTES_MAX) return
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    })
  }

  async close(): Promise<void> {
    this.#watcher?.close()
    await this.#flushing
    for (const peer of this.#peers.values()) await peer.close().catch(() => undefined)
    this.#peers.clear()
  }

  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#folder, { persistent: false }, (event) => {
        if (event === 'rename') this.#listed = false
      })
      watcher.on('error', (error) => this.#log.warn({ error }, 'inboxes are not watched'))
      return watcher
    } catch (error) {
      this.#log.warn({ error }, 'inboxes are not watched')
      return undefined
    }
  }

  async #flush(): Promise<void> {
    // Lines of one turn of the event loop are written together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      if (!this.#listed) await this.#list()
      const text = this.#waiting.join('')
      this.#waiting = []
      this.#waitingBytes = 0
      await Promise.all([...this.#peers].map(([name, file]) => this.#append(name, file, text)))
    }
  }

  async #append(name: string, file: FileHandle, text: string): Promise<void> {
    try {
      const { size } = await file.stat()
      if (size < INBOX_BYTES_MAX * 2) await file.write(text)
    } catch (error) {
      this.#log.warn({ error, name }, 'a signal could not be sent')
    }
  }

  async #list(): Promise<void> {
    // Without a watcher the list is never known to be current.
    this.#listed = this.#watcher !== undefined
    try {
      const names = await readdir(this.#folder)
      const inboxes = names.filter((name) => name.endsWith(INBOX_SUFFIX) && name !== this.#ownInbox)
      const live = new Set<string>()
      for (const name of inboxes) {
        if (isAlive(name)) live.add(name)
        else await unlink(join(this.#folder, name)).catch(() => undefined)
      }
      await this.#keep(live)
    } catch (error) {
      this.#log.warn({ error }, 'inboxes cannot be listed')
    }
  }

  async #keep(live: ReadonlySet<string>): Promise<void> {
    for (const [name, file] of this.#peers) {
      if (live.has(name)) continue
      this.#peers.delete(name)
      await file.close().catch(() => undefined)
    }
    for (const name of live) {
      if (this.#peers.has(name)) continue
      // Opened without O_CREAT: an inbox that was removed meanwhile must stay removed.
      const file = await open(join(this.#folder, name), O_WRONLY | O_APPEND).catch(() => undefined)
      if (file !== undefined) this.#peers.set(name, file)
    }
  }
}

function isAlive(inbox: string): boolean {
  try {
    process.kill(Number.parseInt(inbox, 10), 0)
    return true
  } catch (error) {
    // EPERM: it lives under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
