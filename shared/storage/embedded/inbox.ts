// The receiving end of signals between processes: a file other processes append lines to, named by this process so that
// they can tell when it died. Nothing here may fail its caller: a hint may always be lost.

import { randomBytes } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#shared/runtime/log.ts'

/** The inbox is emptied when it has grown to this size; publishers stop at twice as much. */
export const INBOX_BYTES_MAX = 256 * 1024
export const INBOX_SUFFIX = '.inbox'

const READ_BYTES = 64 * 1024
const NAME_RANDOM_BYTES = 6

export class Inbox {
  readonly name = `${process.pid}-${randomBytes(NAME_RANDOM_BYTES).toString('hex')}${INBOX_SUFFIX}`
  readonly #path: string
  readonly #log: Log
  readonly #receive: (topic: string, hint: string) => void
  #opening: Promise<void> | undefined
  #file: FileHandle | undefined
  #watcher: FSWatcher | undefined
  #offset = 0
  #partial = ''
  #reading: Promise<void> | undefined
  #again = false

  constructor(folder: string, log: Log, receive: (topic: string, hint: string) => void) {
    this.#path = join(folder, this.name)
    this.#log = log
    this.#receive = receive
  }

  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async close(): Promise<void> {
    await this.#opening
    this.#watcher?.close()
    await this.#reading
    await this.#file?.close()
    this.#file = undefined
    if (this.#opening !== undefined) await unlink(this.#path).catch(() => undefined)
  }

  async #open(): Promise<void> {
    try {
      this.#file = await open(this.#path, 'wx+', 0o600)
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#changed())
      this.#watcher.on('error', (error) => this.#log.warn({ error }, 'inbox is not watched'))
    } catch (error) {
      this.#log.warn({ error }, 'signals of other processes will not be seen')
    }
  }

  #changed(): void {
    this.#again = true
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false
        await this.#readNew()
      }
    } catch (error) {
      this.#log.warn({ error }, 'inbox cannot be read')
    }
  }

  async #readNew(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (;;) {
      const read = await this.#file?.read(buffer, 0, READ_BYTES, this.#offset)
      if (read === undefined || read.bytesRead === 0) break
      this.#offset += read.bytesRead
      this.#take(buffer.toString('latin1', 0, read.bytesRead))
    }
    if (this.#offset < INBOX_BYTES_MAX) return
    // Lines appended since the last read are lost, as hints may be.
    await this.#file?.truncate(0)
    this.#offset = 0
    this.#partial = ''
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) {
      const hint = parseLine(line)
      if (hint !== undefined) this.#receive(hint.topic, hint.hint)
    }
  }
}

/** One hint as a line: topic and hint, base64 of UTF-8. */
export function formatLine(topic: string, hint: string): string {
  return `${encode(topic)} ${encode(hint)}\n`
}

function parseLine(line: string): { topic: string; hint: string } | undefined {
  const [topic, hint] = line.split(' ')
  return topic === undefined || hint === undefined
    ? undefined
    : { topic: decode(topic), hint: decode(hint) }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString()
}
