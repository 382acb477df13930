// Who serves a data folder: one process at a time, and who works on its queue: one process at a time. Two locks, so that a server that ends
// lets another one listen while its own sessions and deliveries come to their end. A lock is the operating system's own, taken by SQLite on an empty file, and
// ends with the process however it ends; the command line works beside it. Node itself has no call for file locks.

import { access, constants, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UnusableStore } from '../unusable-store.ts'

export const LOCK_FILE = 'serve.lock'
/** Of who works on the queue; whoever wants the folder for himself takes both. */
export const WORK_LOCK_FILE = 'work.lock'
/** Says who has the lock; without the lock it means nothing. */
export const HOLDER_FILE = 'serve.json'

const SQLITE_BUSY = 5

/** Who serves, as it says itself. */
export type Holder = {
  readonly pid: number
  readonly host: string
  readonly started: string
}

/** Holds the lock until it is disposed of. Rejects with UnusableStore, which names the holder. */
export async function lockForServing(directory: string, nowMs: number): Promise<ServingLock> {
  // SQLite's own words for it ("unable to open database file") help nobody.
  await access(directory, constants.W_OK)
  const lock = tryLock(join(directory, LOCK_FILE))
  if (lock === undefined) {
    throw new UnusableStore(
      `it is in use by ${await holder(directory)}; stop it, or use another --data`,
    )
  }
  const own = { pid: process.pid, host: hostname(), started: new Date(nowMs).toISOString() }
  await tell(directory, own)
  return {
    tell: (facts) => tell(directory, { ...own, ...facts }),
    [Symbol.dispose]: () => void (lock.isOpen && lock.close()),
  }
}

/** Undefined while another process works on the queue. */
export function tryLockForWork(directory: string): Disposable | undefined {
  const lock = tryLock(join(directory, WORK_LOCK_FILE))
  return lock && { [Symbol.dispose]: () => lock.close() }
}

/** Both: nobody serves the folder, and none that ends works on it any more. Rejects with UnusableStore. */
export async function lockAlone(directory: string, nowMs: number): Promise<Disposable> {
  const serving = await lockForServing(directory, nowMs)
  const work = tryLockForWork(directory)
  if (work === undefined) {
    serving[Symbol.dispose]()
    throw new UnusableStore('its server has not come to its end; wait for it')
  }
  return {
    [Symbol.dispose]() {
      work[Symbol.dispose]()
      serving[Symbol.dispose]()
    },
  }
}

function tryLock(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('BEGIN IMMEDIATE')
    return lock
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    return undefined
  }
}

export interface ServingLock extends Disposable {
  /** What `status` may show of the server. */
  tell(facts: object): Promise<void>
}

/** On a full disk the server must start all the same; then only its name is not known. */
async function tell(directory: string, facts: object): Promise<void> {
  const path = join(directory, HOLDER_FILE)
  await writeFile(path, `${JSON.stringify(facts)}\n`, { mode: 0o600 }).catch(() => undefined)
}

/** What the server of the folder tells of itself, its name at least; undefined when none runs. */
export async function whoServes(directory: string): Promise<(Holder & object) | undefined> {
  try {
    await access(join(directory, LOCK_FILE))
    const lock = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 })
    try {
      lock.exec('BEGIN IMMEDIATE')
      return undefined
    } catch (error) {
      if (!isBusy(error)) throw error
    } finally {
      lock.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const facts = Object(JSON.parse(await readFile(join(directory, HOLDER_FILE), 'utf8')))
  const { pid, host, started } = facts
  return { ...facts, pid: Number(pid), host: String(host), started: String(started) }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

async function holder(directory: string): Promise<string> {
  try {
    const { pid, host, started } = JSON.parse(await readFile(join(directory, HOLDER_FILE), 'utf8'))
    const where = host === hostname() ? '' : ` on ${host}`
    return `process ${Number(pid)}${where}, started ${String(started)}`
  } catch {
    return 'another process'
  }
}
