// crypt(3) in threads of its own, one for fast hashes and one for slow ones, each started when its first is met. One is enough: a
// hash comes here until its owner has logged in once, then it is argon2id.

import { timingSafeEqual } from 'node:crypto'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

export type CryptAlgorithm = 'bcrypt' | 'des' | 'md5' | 'sha' | 'yescrypt'

export type CryptRequest = {
  readonly id: number
  readonly algorithm: CryptAlgorithm
  readonly password: Uint8Array
  readonly hash: string
}

export type CryptAnswer = { readonly id: number; readonly computed: string }

type Waiting = {
  readonly resolve: (computed: string) => void
  readonly reject: (error: unknown) => void
}

const lanes = { fast: createLane(), slow: createLane() }

export async function verifyCrypt(
  work: Omit<CryptRequest, 'id'> & { readonly lane: keyof typeof lanes },
): Promise<boolean> {
  const { lane, ...request } = work
  const computed = Buffer.from(await lanes[lane](request))
  const stored = Buffer.from(request.hash)
  return computed.length === stored.length && timingSafeEqual(computed, stored)
}

function createLane(): (request: Omit<CryptRequest, 'id'>) => Promise<string> {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let lastId = 0

  function startWorker(): Worker {
    // As this file: source beside source, bundle beside bundle.
    const extension = extname(import.meta.url)
    const thread = new Worker(new URL(`./crypt-worker${extension}`, import.meta.url))
    thread.on('message', ({ id, computed }: CryptAnswer) => {
      waiting.get(id)?.resolve(computed)
      waiting.delete(id)
      if (waiting.size === 0) thread.unref()
    })
    thread.on('error', (error) => {
      worker = undefined
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    })
    return thread
  }

  return (request) => {
    const thread = (worker ??= startWorker())
    const id = ++lastId
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      // The thread keeps the process alive only while somebody waits for it.
      thread.ref()
      thread.postMessage({ ...request, id } satisfies CryptRequest)
    })
  }
}
